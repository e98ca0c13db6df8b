// Accessible names (a subset of accname-1.2).

class Names {
  constructor(styles) {
    this.styles = styles;
    this.memo = new Map();
  }

  of(el, role = roleOf(el)) {
    let name = this.memo.get(el);
    if (name === undefined) {
      this.budget = 2_000;
      name = shorten(collapse(this.compute(el, { role, trail: new Set(), depth: 0 })), NAME);
      this.memo.set(el, name);
    }
    return name;
  }

  compute(el, { role, trail, depth, referenced = false }) {
    if (trail.has(el) || depth > 60) return '';
    trail.add(el);
    const deeper = { trail, depth: depth + 1 };
    if (!referenced) {
      const root = dom.root(el);
      const targets = (dom.attr(el, 'aria-labelledby') ?? '').split(/\s+/).filter(Boolean).slice(0, 20)
        .map((id) => (dom.type(root) === 9 ? Document : DocumentFragment).prototype.getElementById.call(root, id));
      const parts = targets.filter(Boolean).map((target) => (target === el
        ? this.compute(el, { ...deeper, role, trail: new Set(), referenced: true })
        : this.compute(target, { ...deeper, role: 'generic', referenced: true })));
      const joined = collapse(parts.join(' '));
      if (joined) return joined;
    }
    const label = collapse(dom.attr(el, 'aria-label') ?? '');
    if (label) return label;
    const native = collapse(this.native(el, deeper));
    if (native) return native;
    if (referenced && FIELDS.has(role)) return valueOf(el, role) ?? '';
    if (referenced || NAMED_BY_CONTENT.has(role)) {
      const text = collapse(this.content(el, { ...deeper, hidden: referenced && !this.styles.of(el).shown }));
      if (text) return text;
    }
    return dom.attr(el, 'title') || dom.attr(el, 'placeholder') || dom.attr(el, 'aria-placeholder') || '';
  }

  // The name that the author gave, without what could be read from its content.
  given(el) {
    this.budget = 500;
    return shorten(collapse(this.compute(el, { role: 'group', trail: new Set(), depth: 0 })), NAME);
  }

  native(el, deeper) {
    const child = (tags) => {
      for (let node = dom.first(el); node; node = dom.next(node)) {
        if (dom.type(node) === 1 && tags.includes(dom.tag(node))) return this.content(node, deeper);
      }
      return '';
    };
    const tag = dom.tag(el);
    if (!isHtml(el)) {
      const title = titleOf(el);
      return title ? dom.content(title) : '';
    }
    if (tag === 'img' || tag === 'area') return dom.attr(el, 'alt') ?? '';
    if (tag === 'fieldset') return child(['legend']);
    if (tag === 'table') return child(['caption']);
    if (tag === 'figure') return child(['figcaption']);
    const type = inputType(el);
    if (type === 'submit' || type === 'reset' || type === 'button') {
      return el.value || { submit: 'Submit', reset: 'Reset' }[type] || '';
    }
    if (type === 'image') return dom.attr(el, 'alt') || el.value || dom.attr(el, 'title') || 'Submit';
    const labels = tag === 'button' ? null : el.labels;
    if (!labels || !('length' in labels)) return '';
    return Array.from(labels).slice(0, 5).map((label) => this.content(label, deeper)).join(' ');
  }

  content(el, { trail, depth, hidden = false }) {
    if (depth > 60) return '';
    const parts = [];
    const nested = dom.closest(el, '[role=treeitem]') === el;
    const stack = [];
    pushChildren(stack, el, 0);
    while (stack.length && this.budget-- > 0) {
      stack.pop();
      const node = stack.pop();
      if (typeof node === 'string') {
        parts.push(node);
        continue;
      }
      if (dom.type(node) === 3) {
        if (hidden || this.styles.of(flatParent(node)).shown) parts.push(node.data);
        continue;
      }
      const tag = dom.tag(node);
      if (SKIP.has(tag) || trail.has(node) || dom.attr(node, 'aria-hidden') === 'true') continue;
      const styles = this.styles.of(node);
      if (!hidden && styles.display === 'none') continue;
      const gap = styles.inline && tag !== 'br' ? '' : ' ';
      parts.push(gap);
      const role = roleOf(node);
      if (nested && role === 'group') continue;
      if (FIELDS.has(role)) {
        parts.push(' ', valueOf(node, role) ?? '', ' ');
        continue;
      }
      if (inputType(node) || dom.has(node, 'aria-label') || dom.has(node, 'aria-labelledby') || tag === 'img') {
        const own = styles.shown || hidden ? this.compute(node, { role, trail, depth: depth + 1 }) : '';
        parts.push(own, gap);
        continue;
      }
      if (tag === 'svg') {
        parts.push(this.native(node, { trail, depth: depth + 1 }), gap);
        continue;
      }
      stack.push(gap, 0);
      pushChildren(stack, node, 0);
    }
    return parts.join('');
  }
}
