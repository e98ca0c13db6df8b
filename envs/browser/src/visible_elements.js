// What a person can see and use of a document, as a list in reading order (the composed tree's order).
//
// Evaluated once per document in an isolated world; installs and returns `globalThis.__glim`. It only reads the page,
// except for `locate` (may scroll), `select`, `fill` and `clear`, which do what they say.
//
// Visibility is found by hit-testing a grid of points, not from style. Two departures from a plain hit test: text and
// what lets the pointer through (`pointer-events: none`, `inert`) count as seen where nothing that paints lies above
// them; and a control that is styled away in favour of its label is reported with the box of that label.
//
// A page is hostile: forms and documents let their named children shadow properties (`<input name=parentNode>`), so
// generic code reads through accessors taken from the prototypes. Nothing recurses over the depth of the page.
// Work is bounded by counts and not by a clock, which stands still in virtual time.
(() => {
  'use strict';
  if (globalThis.__glim) return globalThis.__glim;

  const bind = (fn) => Function.prototype.call.bind(fn);
  const getter = (type, key) => bind(Object.getOwnPropertyDescriptor(type.prototype, key).get);
  const method = (type, key) => bind(type.prototype[key]);
  const dom = {
    type: getter(Node, 'nodeType'),
    parent: getter(Node, 'parentNode'),
    first: getter(Node, 'firstChild'),
    next: getter(Node, 'nextSibling'),
    connected: getter(Node, 'isConnected'),
    document: getter(Node, 'ownerDocument'),
    content: getter(Node, 'textContent'),
    contains: method(Node, 'contains'),
    root: method(Node, 'getRootNode'),
    slot: getter(Element, 'assignedSlot'),
    textSlot: getter(Text, 'assignedSlot'),
    shadow: getter(Element, 'shadowRoot'),
    host: getter(ShadowRoot, 'host'),
    assigned: method(HTMLSlotElement, 'assignedNodes'),
    tag: getter(Element, 'localName'),
    namespace: getter(Element, 'namespaceURI'),
    attr: method(Element, 'getAttribute'),
    has: method(Element, 'hasAttribute'),
    matches: method(Element, 'matches'),
    closest: method(Element, 'closest'),
    find: method(Element, 'querySelector'),
    box: method(Element, 'getBoundingClientRect'),
    rects: method(Element, 'getClientRects'),
    clientLeft: getter(Element, 'clientLeft'),
    clientTop: getter(Element, 'clientTop'),
    clientWidth: getter(Element, 'clientWidth'),
    clientHeight: getter(Element, 'clientHeight'),
    scrollWidth: getter(Element, 'scrollWidth'),
    scrollHeight: getter(Element, 'scrollHeight'),
    scrollIntoView: method(Element, 'scrollIntoView'),
    offsetWidth: getter(HTMLElement, 'offsetWidth'),
    offsetHeight: getter(HTMLElement, 'offsetHeight'),
    html: getter(Document, 'documentElement'),
    view: getter(Document, 'defaultView'),
    all: method(Document, 'getElementsByTagName'),
    at: method(Document, 'elementFromPoint'),
    allAt: method(Document, 'elementsFromPoint'),
    shadowAt: method(ShadowRoot, 'elementFromPoint'),
    active: getter(Document, 'activeElement'),
    shadowActive: getter(ShadowRoot, 'activeElement'),
    dispatch: method(EventTarget, 'dispatchEvent'),
  };
  const words = (text) => new Set(text.trim().split(/\s+/));
  const collapse = (text) => text.replace(/\s+/g, ' ').trim();
  const shorten = (text, limit) => (text.length > limit ? `${text.slice(0, limit - 1)}…` : text);
  const HTML = 'http://www.w3.org/1999/xhtml';
  const SVG = 'http://www.w3.org/2000/svg';

  // Limits.

  const NODES = 400_000; // visited in one observation
  const HITS = 40_000; // hit tests in one observation
  const LARGE = 5_000; // elements of a document above which far subtrees are skipped
  const NAME = 300; // characters
  const TEXT = 4_000; // characters
  const OPTIONS = 100; // of one <select>
  const FIGURES = 40; // unnamed shapes; more of them are a drawing or a decoration
  const FAINT = 0.1; // opacity below which nothing is seen

  // Roles.

  const SKIP = words(`script style template noscript head meta link title base param source track datalist option
    optgroup defs symbol clipPath mask marker pattern linearGradient radialGradient filter metadata`);
  const WIDGETS = words(`button link checkbox radio switch menuitem menuitemcheckbox menuitemradio option tab treeitem
    textbox searchbox combobox listbox slider spinbutton scrollbar gridcell row`);
  // Their name comes from what is inside, and what is inside is not listed again unless it can be operated.
  const ATOMIC = words(`button link checkbox radio switch menuitem menuitemcheckbox menuitemradio option tab heading
    treeitem gridcell columnheader rowheader cell tooltip img`);
  const NAMED_BY_CONTENT = new Set([...ATOMIC, 'row', 'generic', 'listitem', 'text']);
  NAMED_BY_CONTENT.delete('img');
  const FIELDS = words('textbox searchbox combobox listbox slider spinbutton progressbar meter scrollbar');
  const READABLE = words('alert status log tooltip note timer marquee definition term caption code');
  const STRUCTURE = words(`heading cell columnheader rowheader gridcell row listitem img dialog alertdialog progressbar
    meter figure`);
  const PASSIVE = words('img heading progressbar meter'); // clicked only where they react
  const CONTAINERS = words('group tree list listbox menu grid treegrid table tablist radiogroup rowgroup');
  const ROLES = new Set([...WIDGETS, ...ATOMIC, ...FIELDS, ...READABLE, ...STRUCTURE, ...CONTAINERS, 'separator']);
  const INPUTS = {
    button: 'button', submit: 'button', reset: 'button', image: 'button', file: 'button', color: 'button',
    checkbox: 'checkbox', radio: 'radio', range: 'slider', number: 'spinbutton', search: 'searchbox',
  };
  const DRAWN = words('checkbox radio file range'); // often see-through, over a drawing of themselves
  const TYPED = words('text search tel url email password number date time month week datetime-local');
  const FORMATS = {
    date: 'yyyy-mm-dd', time: 'hh:mm', month: 'yyyy-mm', week: 'yyyy-Www', 'datetime-local': 'yyyy-mm-ddThh:mm',
    color: '#rrggbb', range: 'a number',
  };
  const REPLACED = words('img video audio canvas iframe object embed input select textarea button progress meter svg');
  const SHAPES = words('circle ellipse rect polygon polyline path line image use text g');
  // Inside a box that reacts, what is to be listed by itself.
  const PARTS = 'a[href],button,input,select,textarea,table,ul,p,h1,h2,h3,h4,h5,h6,[role],[tabindex],[onclick]';
  const HANDLERS = ['onclick', 'ondblclick', 'onmousedown', 'onmouseup', 'onpointerdown', 'onpointerup',
    'ontouchstart', 'ng-click'];
  const SAYS = /[^\s|»«›‹>·•/,:;—–-]/; // more than a separator
  const ACTIVE_CURSOR = /pointer|grab|move|resize|zoom|scroll/;

  const isHtml = (el) => dom.namespace(el) === HTML;
  const inputType = (el) => (dom.tag(el) === 'input' && isHtml(el) ? el.type : '');
  const isDisabled = (el) => dom.matches(el, ':disabled') || dom.closest(el, '[aria-disabled="true" i]') !== null;
  const isHost = (el) => isHtml(el) && el.isContentEditable && !(flatParent(el)?.isContentEditable);

  const explicitRole = (el) => {
    const given = dom.attr(el, 'role');
    if (!given) return '';
    return given.toLowerCase().trim().split(/\s+/).find((role) => ROLES.has(role)) ?? '';
  };

  const headerRole = (cell) => {
    const scope = dom.attr(cell, 'scope');
    if (scope === 'row' || scope === 'rowgroup') return 'rowheader';
    if (scope === 'col' || scope === 'colgroup') return 'columnheader';
    const row = dom.parent(cell);
    return row && dom.find(row, 'td') && !dom.closest(cell, 'thead') ? 'rowheader' : 'columnheader';
  };

  const impliedRole = (el) => {
    const tag = dom.tag(el);
    if (!isHtml(el)) {
      return tag === 'a' ? 'link' : tag === 'svg' ? 'img' : 'generic';
    }
    switch (tag) {
      case 'a': case 'area': return dom.has(el, 'href') ? 'link' : 'generic';
      case 'button': return 'button';
      case 'summary': return dom.tag(dom.parent(el)) === 'details' ? 'button' : 'generic';
      case 'input': {
        const role = INPUTS[el.type];
        if (dom.has(el, 'list') && (!role || role === 'searchbox')) return 'combobox';
        return role ?? 'textbox';
      }
      case 'select': return el.multiple || el.size > 1 ? 'listbox' : 'combobox';
      case 'textarea': return 'textbox';
      case 'h1': case 'h2': case 'h3': case 'h4': case 'h5': case 'h6': return 'heading';
      case 'img': return dom.attr(el, 'alt') === '' ? 'generic' : 'img';
      case 'canvas': return 'img';
      case 'td': return dom.closest(el, '[role=grid],[role=treegrid]') ? 'gridcell' : 'cell';
      case 'th': return headerRole(el);
      case 'tr': return 'row';
      case 'li': return 'listitem';
      case 'dialog': return 'dialog';
      case 'progress': return 'progressbar';
      case 'meter': return 'meter';
      case 'output': return 'status';
      case 'video': case 'audio': return tag;
      default: return 'generic';
    }
  };

  const roleOf = (el) => explicitRole(el) || (isHost(el) ? 'textbox' : impliedRole(el));

  // The composed tree.

  const flatParent = (node) => {
    const slot = dom.type(node) === 1 ? dom.slot(node) : dom.type(node) === 3 ? dom.textSlot(node) : null;
    if (slot) return slot;
    const parent = dom.parent(node);
    if (!parent) return null;
    const type = dom.type(parent);
    return type === 1 ? parent : type === 11 ? dom.host(parent) : null;
  };

  // The title of a drawing or of a shape in it.
  const titleOf = (el) => {
    for (let node = dom.first(el); node; node = dom.next(node)) {
      if (dom.type(node) === 1 && dom.tag(node) === 'title') return node;
    }
    return null;
  };

  // Pushes the composed children so that the first is popped first.
  const pushChildren = (stack, el, also) => {
    const root = dom.shadow(el);
    let children = !root && dom.tag(el) === 'slot' && isHtml(el) ? dom.assigned(el) : [];
    if (!children.length) {
      children = [];
      for (let node = dom.first(root ?? el); node; node = dom.next(node)) children.push(node);
    }
    for (let i = children.length - 1; i >= 0; i--) {
      const type = dom.type(children[i]);
      if (type === 1 || type === 3) stack.push(children[i], also);
    }
  };

  const within = (node, el) => {
    if (dom.contains(el, node)) return true;
    for (; node; node = flatParent(node)) if (node === el) return true;
    return false;
  };

  // Geometry: boxes are [left, top, right, bottom] in the document's own viewport.

  const meet = (a, b) => [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  const width = (box) => Math.max(0, box[2] - box[0]);
  const height = (box) => Math.max(0, box[3] - box[1]);
  const area = (box) => width(box) * height(box);
  const sides = (rect) => [rect.left, rect.top, rect.right, rect.bottom];
  const holds = (box, x, y) => x >= box[0] && y >= box[1] && x < box[2] && y < box[3];
  const hull = (boxes) => boxes.reduce((a, b) => [
    Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);
  const overlap = (a, b) => {
    const shared = area(meet(a, b));
    return shared / (area(a) + area(b) - shared || 1);
  };
  const paddingBox = (el, box) => {
    const b = box ?? sides(dom.box(el));
    const [w, h] = isHtml(el) ? [dom.offsetWidth(el), dom.offsetHeight(el)] : [0, 0];
    const [sx, sy] = [w ? (b[2] - b[0]) / w : 1, h ? (b[3] - b[1]) / h : 1];
    const [left, top] = [b[0] + dom.clientLeft(el) * sx, b[1] + dom.clientTop(el) * sy];
    return [left, top, left + dom.clientWidth(el) * sx, top + dom.clientHeight(el) * sy, sx, sy];
  };

  // One document as it shows in the top viewport: a point (x, y) of it lies at (ox + x * sx, oy + y * sy).
  const frameOf = (doc, parent, el, placement) => ({ doc, view: dom.view(doc), parent, el, ...placement });
  const toTop = (frame, x, y) => [frame.ox + x * frame.sx, frame.oy + y * frame.sy];
  const clipFor = (frame, clip) => {
    const view = frame.view;
    const local = [(clip[0] - frame.ox) / frame.sx, (clip[1] - frame.oy) / frame.sy,
      (clip[2] - frame.ox) / frame.sx, (clip[3] - frame.oy) / frame.sy];
    return meet(local, [0, 0, view.innerWidth, view.innerHeight]);
  };
  const contentPlacement = (frame, el, clip) => {
    const style = getComputedStyle(el);
    const [left, top, right, bottom, sx, sy] = paddingBox(el);
    const pad = (side) => parseFloat(style[`padding${side}`]) || 0;
    const content = [left + pad('Left') * sx, top + pad('Top') * sy, right - pad('Right') * sx,
      bottom - pad('Bottom') * sy];
    const [ox, oy] = toTop(frame, content[0], content[1]);
    const shown = meet(content, clip);
    return {
      ox, oy, sx: frame.sx * sx, sy: frame.sy * sy,
      shown: [...toTop(frame, shown[0], shown[1]), ...toTop(frame, shown[2], shown[3])],
      empty: width(shown) < 2 || height(shown) < 2,
    };
  };

  // Style and clipping, inherited along the composed tree, computed once per element and observation.

  const alpha = (color) => {
    const parts = /^rgba\(.*,\s*([\d.]+)\)$|\/\s*([\d.]+%?)\)$/.exec(color);
    if (!parts) return color === 'transparent' ? 0 : 1;
    return parts[1] !== undefined ? +parts[1] : parts[2].endsWith('%') ? parseFloat(parts[2]) / 100 : +parts[2];
  };
  const fills = (style) => alpha(style.backgroundColor) > 0.05 || style.backgroundImage !== 'none';
  const onTopLayer = (el) => {
    const dialog = dom.tag(el) === 'dialog';
    return (dialog && dom.matches(el, ':modal')) || (dom.has(el, 'popover') && dom.matches(el, ':popover-open'));
  };
  const anchorsFixed = ({ style }) => style.transform !== 'none' || style.translate !== 'none' || style.scale !== 'none'
    || style.rotate !== 'none' || style.filter !== 'none' || style.perspective !== 'none'
    || style.backdropFilter !== 'none' || /paint|layout|strict|content/.test(style.contain)
    || /transform|filter|perspective/.test(style.willChange);

  class Styles {
    constructor(frame) {
      this.frame = frame;
      this.memo = new Map();
      this.top = { parent: null, opacity: 1, inert: false, inner: frame.clip, cursor: 'auto' };
    }

    of(el) {
      let found = this.memo.get(el);
      if (found) return found;
      const path = [];
      for (let node = el; node && !(found = this.memo.get(node)); node = flatParent(node)) path.push(node);
      found ??= this.top;
      while (path.length) {
        const node = path.pop();
        found = this.derive(node, found);
        this.memo.set(node, found);
      }
      return found;
    }

    derive(el, above) {
      const parent = onTopLayer(el) ? this.top : above;
      const style = getComputedStyle(el);
      const own = { el, parent, style, display: style.display, position: style.position };
      own.inline = own.display === 'inline' || own.display === 'contents' || own.display.startsWith('ruby');
      own.shown = style.visibility === 'visible';
      own.opacity = parent.opacity * style.opacity;
      own.inert = parent.inert || dom.has(el, 'inert');
      own.cursor = style.cursor;
      own.passive = own.inert || style.pointerEvents === 'none';
      own.clip = own.position === 'fixed' ? this.clipOfFixed(parent)
        : own.position === 'absolute' ? this.clipOfAbsolute(parent) : parent.inner;
      own.scrolls = '';
      own.inner = own.clip;
      const [x, y] = [style.overflowX, style.overflowY];
      if ((x !== 'visible' || y !== 'visible') && !own.inline && !this.givesOverflowToViewport(el)) {
        const padding = paddingBox(el);
        const limits = [x === 'visible' ? -1e9 : padding[0], y === 'visible' ? -1e9 : padding[1],
          x === 'visible' ? 1e9 : padding[2], y === 'visible' ? 1e9 : padding[3]];
        own.inner = meet(own.clip, limits);
        own.scrolls = `${x} ${y}`;
      }
      return own;
    }

    givesOverflowToViewport(el) {
      const html = dom.html(this.frame.doc);
      if (el === html) return true;
      return dom.tag(el) === 'body' && dom.parent(el) === html && this.of(html).style.overflowX === 'visible';
    }

    clipOfAbsolute(styles) {
      for (; styles.parent; styles = styles.parent) {
        if (styles.position !== 'static' || anchorsFixed(styles)) return styles.inner;
      }
      return this.top.inner;
    }

    clipOfFixed(styles) {
      for (; styles.parent; styles = styles.parent) if (anchorsFixed(styles)) return styles.inner;
      return this.top.inner;
    }

    // The parts of a text node that show, as boxes; empty where it is not painted.
    painted(node) {
      const parent = flatParent(node);
      const styles = parent && this.of(parent);
      if (!styles || !styles.shown || styles.opacity < FAINT) return [];
      const { style, inner } = styles;
      if (alpha(style.webkitTextFillColor) < 0.05 && style.textShadow === 'none'
        && style.webkitBackgroundClip !== 'text') return [];
      this.range ??= this.frame.doc.createRange();
      this.range.selectNodeContents(node);
      const boxes = [];
      for (const rect of this.range.getClientRects()) {
        const box = meet(sides(rect), inner);
        if (width(box) >= Math.min(2, rect.width / 2) && height(box) >= 2 && height(box) >= rect.height * 0.4) {
          boxes.push(box);
        }
      }
      return boxes;
    }

    // The text of a node as it shows: cased, and without lines scrolled out of sight.
    shownText(node) {
      let text = node.data;
      const styles = this.of(flatParent(node));
      if (text.length > 200) {
        const clip = styles.inner;
        const probe = (at) => {
          this.range.setStart(node, at);
          this.range.setEnd(node, at + 1);
          return this.range.getBoundingClientRect();
        };
        // Line boxes follow one another downwards, so the first character of a line in sight is found by halving.
        const first = (after) => {
          let [low, high] = [0, text.length];
          while (low < high) {
            const middle = (low + high) >> 1;
            const rect = probe(middle);
            if (rect.height && after(rect)) high = middle;
            else low = middle + 1;
          }
          return low;
        };
        this.range.selectNodeContents(node);
        const all = this.range.getBoundingClientRect();
        const end = all.bottom > clip[3] ? first((rect) => (rect.top + rect.bottom) / 2 > clip[3]) : text.length;
        const start = all.top < clip[1] ? first((rect) => (rect.top + rect.bottom) / 2 >= clip[1]) : 0;
        text = text.slice(start, end);
      }
      switch (styles.style.textTransform) {
        case 'uppercase': return text.toUpperCase();
        case 'lowercase': return text.toLowerCase();
        case 'capitalize': return text.replace(/(^|\s)(\S)/g, (_, gap, letter) => gap + letter.toUpperCase());
        default: return text;
      }
    }
  }

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

  // Values and states.

  const secret = (el, text) => (el.type === 'password' || getComputedStyle(el).webkitTextSecurity !== 'none'
    ? '•'.repeat(text.length) : text);

  const valueOf = (el, role) => {
    const tag = isHtml(el) ? dom.tag(el) : '';
    if (tag === 'input') {
      if (el.type === 'file') return Array.from(el.files, (file) => file.name).join(', ');
      if (INPUTS[el.type] === 'button' && el.type !== 'color') return undefined;
      return el.type === 'checkbox' || el.type === 'radio' ? undefined : secret(el, el.value);
    }
    if (tag === 'textarea') return secret(el, el.value);
    if (tag === 'select') return Array.from(el.selectedOptions, (option) => collapse(option.label)).join(', ');
    if (tag === 'progress') return dom.has(el, 'value') ? String(el.value) : undefined;
    if (tag === 'meter') return String(el.value);
    const given = dom.attr(el, 'aria-valuetext') ?? dom.attr(el, 'aria-valuenow');
    if (given !== null && FIELDS.has(role)) return given;
    if (isHtml(el) && el.isContentEditable) return shorten(el.innerText.trim(), TEXT);
    if (role === 'textbox' || role === 'searchbox') return shorten(collapse(dom.content(el)), TEXT);
    if (role === 'combobox') {
      const field = dom.find(el, 'input');
      return field ? field.value : shorten(collapse(dom.content(el)), NAME);
    }
    return undefined;
  };

  const flag = (el, name) => {
    const given = dom.attr(el, name);
    return given === null || given === '' || given === 'undefined' ? undefined : given !== 'false' && given !== 'mixed';
  };

  const statesOf = (el, role, styles, focused) => {
    const states = {};
    const set = (key, value) => { if (value !== undefined && value !== null) states[key] = value; };
    const type = inputType(el);
    set('checked', type === 'checkbox' || type === 'radio' ? el.checked && !el.indeterminate
      : flag(el, 'aria-checked') ?? flag(el, 'aria-pressed'));
    const summary = dom.tag(el) === 'summary' && role === 'button' && isHtml(el);
    set('expanded', summary ? dom.has(dom.parent(el), 'open') : flag(el, 'aria-expanded'));
    set('selected', flag(el, 'aria-selected') ?? (flag(el, 'aria-current') || undefined));
    if (isDisabled(el) || styles.inert) states.disabled = true;
    if (el === focused) states.focused = true;
    if (isHtml(el) && 'readOnly' in el && typeof el.readOnly === 'boolean' ? el.readOnly && TYPED.has(el.type ?? 'text')
      || (el.readOnly && dom.tag(el) === 'textarea') : flag(el, 'aria-readonly')) states.readonly = true;
    return states;
  };

  const isEditable = (el) => {
    if (!isHtml(el) || dom.matches(el, ':disabled')) return false;
    const tag = dom.tag(el);
    if (tag === 'input') return TYPED.has(el.type) && !el.readOnly;
    if (tag === 'textarea') return !el.readOnly;
    return el.isContentEditable;
  };

  const optionsOf = (select) => {
    const chosen = Array.from(select.options).slice(0, OPTIONS);
    return chosen.map((option) => {
      const entry = { label: collapse(option.label), value: option.value };
      return option.selected ? { ...entry, selected: true } : entry;
    });
  };

  const deepActive = (doc) => {
    let el = dom.active(doc);
    for (let i = 0; el && i < 100; i++) {
      const root = dom.shadow(el);
      const inner = root ? dom.shadowActive(root) : innerDocument(el) ? dom.active(innerDocument(el)) : null;
      if (!inner) break;
      el = inner;
    }
    return el && dom.tag(el) !== 'body' && dom.tag(el) !== 'html' ? el : isEditableRoot(el) ? el : null;
  };
  const isEditableRoot = (el) => el !== null && isHtml(el) && el.isContentEditable;

  const innerDocument = (el) => {
    const tag = dom.tag(el);
    if (tag !== 'iframe' && tag !== 'frame' && tag !== 'object') return null;
    try {
      return el.contentDocument ?? null;
    } catch {
      return null;
    }
  };

  // Hit testing.

  const grid = (box, columns, rows) => {
    const points = [];
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) {
        points.push([box[0] + ((i + 0.5) / columns) * width(box), box[1] + ((j + 0.5) / rows) * height(box)]);
      }
    }
    return points;
  };
  const inBox = (box, x, y) => [box[0] + x * width(box), box[1] + y * height(box)];
  const FIVE = [[0.5, 0.5], [0.15, 0.2], [0.85, 0.8], [0.85, 0.2], [0.15, 0.8]];
  // The points that decide it for most elements, being all hit or all covered by one thing.
  const fewSamples = (boxes, large) => {
    const most = large ? 3 : 8;
    if (boxes.length > 1) {
      const step = Math.max(1, boxes.length / most);
      const chosen = [];
      for (let i = 0; i < boxes.length; i += step) chosen.push(boxes[Math.floor(i)]);
      return chosen.map((box, i) => inBox(box, [0.5, 0.15, 0.85][i % 3], 0.5));
    }
    const longest = Math.max(width(boxes[0]), height(boxes[0]));
    return FIVE.slice(0, longest > 200 && !large ? 5 : 3).map(([x, y]) => inBox(boxes[0], x, y));
  };
  const samples = (boxes) => boxes.slice(0, 12).flatMap((box) => {
    if (boxes.length > 3) return grid(box, 3, 1);
    const [columns, rows] = [width(box), height(box)].map((side) => (side > 300 ? 7 : side > 80 ? 5 : 3));
    return grid(box, columns, rows);
  });

  const labelOf = (el) => {
    for (let node = el; node; node = flatParent(node)) {
      if (dom.tag(node) === 'label' && isHtml(node)) return node.control ?? null;
    }
    return null;
  };

  const isWidget = (el) => {
    switch (dom.tag(el)) {
      case 'a': return dom.has(el, 'href');
      case 'button': case 'input': case 'select': case 'textarea': case 'summary': return true;
      default: return WIDGETS.has(dom.attr(el, 'role') ?? '') || dom.has(el, 'tabindex') || dom.has(el, 'onclick');
    }
  };

  class Hits {
    constructor(budget) {
      this.left = budget;
    }

    // The innermost element at a point of a frame; the covering element outside if the frame itself is covered there.
    at(frame, x, y) {
      this.left--;
      if (frame.parent) {
        const [px, py] = toTop(frame, x, y);
        const { ox, oy, sx, sy } = frame.parent;
        const outer = this.at(frame.parent, (px - ox) / sx, (py - oy) / sy);
        if (outer !== frame.el) return outer;
      }
      let hit = dom.at(frame.doc, x, y);
      for (let i = 0; hit && i < 10_000; i++) {
        const root = dom.shadow(hit);
        const inner = root && dom.shadowAt(root, x, y);
        if (!inner || inner === hit || !within(inner, hit)) break;
        hit = inner;
      }
      return hit;
    }

    // 2: the entry itself; 1: something inside it that can be operated by itself; 0: something else.
    relation(entry, hit) {
      if (!hit) return 0;
      const { el, via } = entry;
      if (within(hit, via)) {
        for (let node = hit; node && node !== via && node !== el; node = flatParent(node)) if (isWidget(node)) return 1;
        return 2;
      }
      if (el !== via && within(hit, el)) return 2;
      if (entry.image) return hit === entry.image ? 2 : 0;
      return entry.labelled && labelOf(hit) === el ? 2 : 0;
    }

    // Whether nothing that paints lies above an entry which a plain hit test passes over.
    seen(entry, x, y) {
      this.left -= 2;
      const { el, frame, styles } = entry;
      if (frame.parent && !within(this.at(frame, x, y) ?? frame.el, dom.html(frame.doc))) return false;
      for (const other of dom.allAt(frame.doc, x, y)) {
        if (within(other, el)) return true;
        const encloses = within(el, other);
        if (encloses && styles.passive) return true;
        const paints = this.paints(frame, other, x, y);
        if (paints) return !encloses && styles.passive && paintsAbove(entry.stylesOf, el, other);
      }
      return false;
    }

    paints(frame, el, x, y) {
      if (onTopLayer(el)) return true;
      if (holds(sides(dom.box(el)), x, y)) {
        const style = getComputedStyle(el);
        if (+style.opacity < FAINT) return false;
        if (REPLACED.has(dom.tag(el)) || !isHtml(el) || fills(style)) return true;
      }
      return ['::before', '::after'].some((pseudo) => {
        const style = getComputedStyle(el, pseudo);
        return style.content !== 'none' && style.content !== 'normal' && +style.opacity >= FAINT && fills(style);
      });
    }

    // Fills in `visible` (share of sampled points), `point` and `cover`; false if no point is visible.
    probe(entry) {
      const { frame, boxes } = entry;
      const whole = hull(boxes);
      let [tested, found] = this.test(entry, fewSamples(boxes, frame.large));
      const plain = found.length === tested && found.some(({ rank }) => rank === 2);
      const buried = !found.length && entry.cover && covers(entry.cover, whole) && !within(entry.el, entry.cover);
      if (buried || (!found.length && (frame.large || entry.figure))) return false;
      if (!plain && !frame.large) {
        [tested, found] = this.test(entry, samples(boxes));
        if (!found.length && entry.active) {
          [tested, found] = this.test(entry, boxes.slice(0, 4).flatMap((box) => grid(box, 7, 7)));
        }
      }
      if (!found.length) return false;
      const [cx, cy] = [(whole[0] + whole[2]) / 2, (whole[1] + whole[3]) / 2];
      const best = Math.max(...found.map((each) => each.rank));
      const nearest = found.filter((each) => each.rank === best)
        .reduce((a, b) => ((a.x - cx) ** 2 + (a.y - cy) ** 2 <= (b.x - cx) ** 2 + (b.y - cy) ** 2 ? a : b));
      entry.point = toTop(frame, nearest.x, nearest.y);
      entry.reached = best > 0.5;
      entry.visible = found.length / tested;
      return true;
    }

    test(entry, points) {
      const { frame } = entry;
      const found = [];
      let tested = 0;
      entry.cover = null;
      for (const [x, y] of points) {
        if (entry.inside && !entry.inside(x, y)) continue;
        tested++;
        const hit = this.at(frame, x, y);
        let rank = this.relation(entry, hit);
        if (!rank && (entry.own || entry.styles.passive) && this.seen(entry, x, y)) rank = 0.5;
        if (rank) found.push({ x, y, rank });
        else entry.cover ??= hit;
      }
      return [tested, found];
    }
  }

  const covers = (el, box) => {
    const cover = sides(dom.box(el));
    return cover[0] <= box[0] + 1 && cover[1] <= box[1] + 1 && cover[2] >= box[2] - 1 && cover[3] >= box[3] - 1;
  };

  // Paint order of two elements neither of which encloses the other: z-index where they part, then document order.
  const paintsAbove = (styles, a, b) => {
    const path = (el) => {
      const nodes = [];
      for (let node = el; node; node = flatParent(node)) nodes.push(node);
      return nodes.reverse();
    };
    const [left, right] = [path(a), path(b)];
    let fork = 0;
    while (fork < left.length && left[fork] === right[fork]) fork++;
    const level = (nodes) => {
      for (const node of nodes.slice(fork)) {
        const { position, style, opacity, parent } = styles.of(node);
        if (position !== 'static' && style.zIndex !== 'auto') return +style.zIndex;
        if (position !== 'static' || opacity < parent.opacity || style.transform !== 'none') return 0;
      }
      return -0.5;
    };
    const [la, lb] = [level(left), level(right)];
    if (la !== lb) return la > lb;
    const [ca, cb] = [left[fork] ?? a, right[fork] ?? b];
    return (Node.prototype.compareDocumentPosition.call(ca, cb) & Node.DOCUMENT_POSITION_PRECEDING) !== 0;
  };

  // One observation.

  let last = { entries: [], frames: [] };

  class Observer {
    constructor(max) {
      this.max = max;
      this.entries = [];
      this.frames = [];
      this.figures = 0;
      this.hits = new Hits(HITS);
      this.nodes = NODES;
      this.truncated = false;
      this.focused = deepActive(document);
    }

    // Walks a document and the same-origin documents inside it, in composed order, without recursion.
    walk(top) {
      const stack = [];
      const enter = (frame, path, depth, up) => {
        const html = dom.html(frame.doc);
        if (!html) return;
        const styles = new Styles(frame);
        const reached = this.reachable(frame);
        stack.push(html, { frame, path, depth, styles, names: new Names(styles), reached, up, owner: null });
      };
      enter(top, [], 0, null);
      while (stack.length) {
        if (this.nodes-- <= 0 || this.hits.left <= 0 || this.entries.length >= this.max) {
          this.truncated = true;
          break;
        }
        const place = stack.pop();
        const el = stack.pop();
        if (dom.type(el) !== 1) continue;
        const tag = dom.tag(el);
        if (SKIP.has(tag)) continue;
        if (tag === 'map') {
          this.imageMap(el, place);
          continue;
        }
        const { clip } = place.frame;
        const rect = dom.box(el);
        const box = sides(rect);
        const flat = rect.width === 0 || rect.height === 0;
        if (flat && !dom.rects(el).length) {
          const { display } = place.styles.of(el);
          if (display !== 'contents') continue;
        }
        const inView = area(meet(box, clip)) > 0;
        if (!inView && !flat && place.reached && !place.reached.has(el)
          && !touches([box[0], box[1], box[0] + Math.max(rect.width, dom.scrollWidth(el)),
            box[1] + Math.max(rect.height, dom.scrollHeight(el))], clip)) continue;
        if (tag === 'iframe' || tag === 'frame' || tag === 'object') {
          if (inView) this.enterFrame(el, place, box, enter);
          continue;
        }
        const inner = inView || flat ? this.consider(el, tag, box, place) : place;
        if (inner) pushChildren(stack, el, inner);
      }
    }

    // In a large document, the elements that lead to something in sight; far subtrees without any are skipped.
    reachable(frame) {
      frame.large = dom.all(frame.doc, '*').length >= LARGE;
      if (!frame.large) return null;
      const reached = new Set();
      for (const [x, y] of grid(frame.clip, 16, 10)) {
        let node = this.hits.at(frame, x, y);
        for (; node && !reached.has(node); node = flatParent(node)) reached.add(node);
      }
      return reached;
    }

    enterFrame(el, place, box, enter) {
      const { frame, path, depth, styles } = place;
      const own = styles.of(el);
      const shown = meet(box, own.clip);
      if (!own.shown || own.opacity < FAINT || area(shown) < 4) return;
      const placement = contentPlacement(frame, el, own.clip);
      const inner = innerDocument(el);
      if (placement.empty || (dom.tag(el) === 'object' && !inner)) return;
      const probe = { el, via: el, frame, styles: own, stylesOf: styles, boxes: [shown], active: true };
      if (!this.hits.probe(probe)) return;
      const at = [...path, this.position(frame, el)];
      if (inner && depth < 30 && dom.view(inner)) {
        const child = frameOf(inner, frame, el, placement);
        child.clip = clipFor(child, placement.shown);
        enter(child, at, depth + 1, place.up);
      } else {
        this.frames.push({ el, before: this.entries.length, placement, path: at });
      }
    }

    position(frame, el) {
      for (let i = 0; i < frame.view.length; i++) if (frame.view[i] === el.contentWindow) return i;
      return frame.view.length;
    }

    // Lists the element if it is to be listed; returns the context for its children, or null to leave them out.
    consider(el, tag, box, place) {
      const { frame, styles, owner } = place;
      const own = styles.of(el);
      if (own.display === 'none') return null;
      const list = (entry) => {
        Object.assign(entry, { tag, frame, path: place.path, styles: own, stylesOf: styles, up: place.up });
        entry.via ??= el;
        entry.el ??= el;
        if (!entry.boxes.length || !this.hits.probe(entry)) return null;
        if (entry.active && this.isBlank(entry, place)) return null;
        entry.names = place.names;
        this.entries.push(entry);
        return { ...place, up: entry, owner: entry.atomic ? entry : place.owner };
      };
      if (tag === 'label' && isHtml(el)) {
        const control = el.control;
        if (control && control.type !== 'hidden' && !isWidget(el)) {
          const state = this.controlState(control, styles, frame);
          if (state === 'away' && this.canBeSeen(own)) {
            const boxes = this.boxesOf(el, own, box, styles);
            const role = roleOf(control);
            const inner = list({ el: control, via: el, role, boxes, active: true, atomic: true, shownBy: el });
            if (inner) return inner;
          }
          if (state === 'seen' && !owner) place = { ...place, labels: control };
        }
      }
      const role = roleOf(el);
      const kind = this.kind(el, tag, role, own, place);
      if (kind && this.canBeSeen(own, el) && !(own.opacity < FAINT && this.hasLabelInSight(el, styles))) {
        const type = inputType(el);
        let boxes = this.boxesOf(el, own, box, styles);
        let atomic = kind === 'active' && role !== 'row' && this.isAtomic(el, tag, role);
        if (kind === 'active' && !atomic && (role === 'treeitem' || role === 'menuitem' || role === 'option')) {
          const text = this.gather(el, styles, true);
          if (text.boxes.length) boxes = text.boxes;
        }
        if (kind === 'group') atomic = false;
        const entry = { role, boxes, active: kind === 'active', atomic, group: kind === 'group' || !atomic };
        const drawn = role === 'generic' && entry.active ? this.drawnControl(el, styles, frame) : null;
        if (drawn) Object.assign(entry, { el: drawn, role: roleOf(drawn), shownBy: el, atomic: true, group: false });
        entry.labelled = type === 'checkbox' || type === 'radio' || type === 'file' || TYPED.has(type);
        const inner = list(entry);
        if (inner && (tag === 'select' || tag === 'textarea' || tag === 'canvas')) return null;
        if (inner && inner.owner !== owner) return inner;
        place = inner ?? place;
      }
      if (tag === 'select' || tag === 'textarea' || tag === 'input') return null;
      if (this.figures <= FIGURES && place.up?.el !== el && this.isFigure(el, tag, own, box, place)) {
        this.figures++;
        list({ role, boxes: [meet(box, own.clip)], figure: true });
        return place;
      }
      const svgText = tag === 'text' && dom.namespace(el) === SVG;
      if (owner || (own.inline && !svgText)) return place;
      return this.textBlock(el, role, box, place, list) ?? place;
    }

    // A link or a box that reacts, but without a name, content or paint: nobody sees it.
    isBlank({ el, via, role, styles }, { names }) {
      if ((role !== 'generic' && role !== 'link') || via !== el || !isHtml(el) || dom.find(el, '*')) return false;
      if (/\S/.test(dom.content(el)) || names.of(el, role)) return false;
      return !this.isPainted(el, styles.style);
    }

    // A painted box, shape or icon without a word: a person can name it by its looks, and it may well react.
    isFigure(el, tag, own, box, { owner, frame }) {
      if ((owner && owner.role !== 'generic') || !this.canBeSeen(own) || own.passive) return false;
      const least = Math.min(width(box), height(box));
      if (area(meet(box, own.clip)) < 0.6 * area(box)) return false;
      const svg = dom.namespace(el) === SVG;
      if (least < (svg ? 4 : 8) || area(box) > 0.4 * area(frame.clip)) return false;
      if (dom.closest(el, '[aria-hidden="true"]')) return false;
      if (svg) {
        if (!SHAPES.has(tag) || tag === 'g' || tag === 'text' || tag === 'line') return false;
        const canvas = el.ownerSVGElement && sides(dom.box(el.ownerSVGElement));
        return Boolean(canvas) && area(box) < 0.8 * area(canvas) && Math.min(width(canvas), height(canvas)) >= 40;
      }
      if (tag === 'img') return !dom.has(el, 'alt') && !dom.has(el, 'role');
      if (own.style.content.startsWith('url(')) return true;
      if (REPLACED.has(tag) || own.display === 'inline' || dom.find(el, '*')) return false;
      return !/\S/.test(dom.content(el)) && this.isPainted(el, own.style);
    }

    isPainted(el, style) {
      const edge = ['Top', 'Right', 'Bottom', 'Left'].every((side) => parseFloat(style[`border${side}Width`]) > 0);
      if (edge || style.boxShadow !== 'none' || fills(style)) return true;
      return ['::before', '::after'].some((pseudo) => {
        const { content } = getComputedStyle(el, pseudo);
        return content !== 'none' && content !== 'normal' && !/^"\s*"$/.test(content);
      });
    }

    // The block's own text, as one entry.
    textBlock(el, role, box, place, list) {
      const { styles } = place;
      const whole = role === 'heading' && !dom.find(el, 'h1,h2,h3,h4,h5,h6,p,ul,table');
      const text = this.gather(el, styles, !whole);
      if (!text.own || !text.boxes.length) return null;
      if (place.labels && collapse(place.names.of(place.labels)).includes(collapse(text.text))) return null;
      const table = role === 'cell' || role === 'columnheader' || role === 'rowheader';
      const kept = table || role === 'listitem' || role === 'heading' || READABLE.has(role);
      const boxes = table ? [meet(box, styles.of(el).clip)] : lines(text.boxes);
      const entry = { role: kept ? role : 'text', boxes, own: true, atomic: whole, painted: text.text };
      return list(entry);
    }

    // The one check box or radio button that a box stands for, being styled away itself.
    drawnControl(el, styles, frame) {
      const inputs = el.getElementsByTagName('input');
      const [input] = inputs;
      if (inputs.length !== 1 || (input.type !== 'checkbox' && input.type !== 'radio')) return null;
      return this.controlState(input, styles, frame) === 'away' ? input : null;
    }

    hasLabelInSight(el, styles) {
      return Array.from(el.labels ?? []).some((label) => {
        const own = styles.of(label);
        return this.canBeSeen(own) && area(meet(sides(dom.box(label)), own.clip)) > 16;
      });
    }

    canBeSeen(own, el) {
      if (!own.shown) return false;
      if (own.opacity >= FAINT) return true;
      // A see-through control laid over the picture of one is still what a click reaches.
      const type = el ? inputType(el) : '';
      return DRAWN.has(type) || (el && dom.tag(el) === 'select');
    }

    // Where a label's control is: 'seen', styled 'away' in favour of the label, or just 'out' of the viewport.
    controlState(control, styles, frame) {
      const own = styles.of(control);
      const box = sides(dom.box(control));
      const [x, y] = [frame.view.scrollX, frame.view.scrollY];
      if (own.display === 'none' || !own.shown || own.opacity < FAINT || width(box) <= 2 || height(box) <= 2
        || box[2] + x <= 0 || box[3] + y <= 0 || /^inset\((50|100)%/.test(own.style.clipPath)
        || /^rect\(0px,? 0px,? 0px,? 0px\)/.test(own.style.clip)) return 'away';
      return area(meet(box, own.clip)) > 0 ? 'seen' : 'out';
    }

    // 'active': can be operated, or is an image; 'group': listed although its content is listed too; '': neither.
    kind(el, tag, role, own, { owner }) {
      const svg = dom.namespace(el) === SVG;
      if (tag === 'body' || tag === 'html') return role !== 'textbox' ? '' : 'active';
      if (tag === 'input') return el.type === 'hidden' ? '' : 'active';
      if (tag === 'canvas') return owner ? '' : 'active';
      if (tag === 'video' || tag === 'audio') return dom.has(el, 'controls') ? 'active' : '';
      if (tag === 'summary' && role === 'button') return 'active';
      if (role === 'progressbar' || role === 'meter') return owner ? '' : 'active';
      const explicit = dom.has(el, 'role') && role !== 'generic';
      if (role === 'dialog' || role === 'alertdialog') return 'group';
      const focusable = dom.has(el, 'tabindex') && dom.attr(el, 'tabindex').trim() >= 0;
      if (role === 'gridcell' || role === 'row') {
        if (!(focusable || this.reacts(el, own) || dom.has(el, 'aria-selected'))) return '';
        return role === 'row' ? 'group' : 'active';
      }
      if (WIDGETS.has(role) && (role !== 'listbox' || tag === 'select')) return 'active';
      if (role === 'separator') return focusable ? 'active' : '';
      if (role === 'img') return !owner && (this.named(el) || this.reacts(el, own)) ? 'active' : '';
      if (dom.attr(el, 'draggable') === 'true') return 'active';
      if (svg) return this.svgKind(el, tag, own, owner);
      if (focusable) return CONTAINERS.has(role) || explicit ? 'group' : 'active';
      if (this.reacts(el, own)) {
        if (tag === 'label' || dom.closest(el, 'a[href],button,summary,select')) return '';
        return 'active';
      }
      if (own.scrolls && this.canScroll(el, own)) return 'group';
      return '';
    }

    svgKind(el, tag, own, owner) {
      if (owner && !this.reacts(el, own)) return '';
      if (!SHAPES.has(tag)) return '';
      if (this.reacts(el, own) || dom.has(el, 'tabindex')) return 'active';
      return titleOf(el) ? 'active' : '';
    }

    named(el) {
      return ['aria-label', 'aria-labelledby', 'alt', 'title'].some((name) => (dom.attr(el, name) ?? '').trim())
        || (!isHtml(el) && titleOf(el) !== null);
    }

    // Has a handler of its own, or a pointer that says so and is not merely inherited.
    reacts(el, own) {
      if (HANDLERS.some((name) => dom.has(el, name))) return true;
      return ACTIVE_CURSOR.test(own.cursor) && own.cursor !== own.parent.cursor;
    }

    canScroll(el, own) {
      const [x, y] = own.scrolls.split(' ');
      const free = (axis) => axis === 'auto' || axis === 'scroll';
      return (free(y) && dom.scrollHeight(el) > dom.clientHeight(el) + 1)
        || (free(x) && dom.scrollWidth(el) > dom.clientWidth(el) + 1);
    }

    // Whether what is inside belongs to it as its name, as the text in a button does.
    isAtomic(el, tag, role) {
      if (role === 'treeitem' || role === 'menuitem') {
        return !dom.find(el, '[role=group],[role=menu],[role=treeitem],[role=menuitem],ul');
      }
      if (tag === 'svg') return !dom.find(el, 'text');
      if (role !== 'generic' && role !== 'listitem' && role !== 'option') return true;
      return !dom.find(el, PARTS) && dom.content(el).length < 500;
    }

    // The boxes in which an element shows: its border box, or the fragments of an inline one.
    boxesOf(el, own, box, styles) {
      const clip = own.clip;
      const keep = (boxes) => {
        const cut = boxes.map((each) => [meet(each, clip), area(each)])
          .filter(([shown]) => Math.min(width(shown), height(shown)) >= 2);
        // What is cut down to a strip without a word says nothing any more.
        const clear = ([shown, whole]) => Math.min(width(shown), height(shown)) >= 20 || area(shown) >= 0.45 * whole;
        const kept = cut.some(clear) || !cut.length || this.gather(el, styles, false).boxes.length ? cut : [];
        return kept.map(([shown]) => shown);
      };
      if (!own.inline || REPLACED.has(dom.tag(el)) || !isHtml(el)) return keep([box]);
      const { boxes, blocks } = this.gather(el, styles, false);
      const fragments = Array.from(dom.rects(el), sides);
      if (!blocks.length) return keep(fragments.length ? fragments : lines(boxes));
      return keep(boxes.length ? [...lines(boxes), ...blocks] : blocks);
    }

    // Painted text inside an element. `ownOnly` leaves out what is listed by itself: blocks and controls, except that
    // links in running text stay in it, but do not count as `own`.
    gather(el, styles, ownOnly) {
      const result = { text: '', boxes: [], blocks: [], own: false };
      const parts = [];
      const stack = [];
      let [size, budget] = [0, 3_000];
      pushChildren(stack, el, false);
      while (stack.length && size < TEXT && budget-- > 0) {
        const linked = stack.pop();
        const node = stack.pop();
        if (typeof node === 'string') {
          parts.push(node);
          continue;
        }
        if (dom.type(node) === 3) {
          if (!/\S/.test(node.data)) {
            parts.push(' ');
            continue;
          }
          const boxes = styles.painted(node);
          if (!boxes.length) continue;
          const text = styles.shownText(node);
          size += text.length;
          parts.push(text);
          result.boxes.push(...boxes);
          result.own ||= !linked && SAYS.test(node.data);
          continue;
        }
        const tag = dom.tag(node);
        if (SKIP.has(tag) || tag === 'select' || tag === 'textarea' || tag === 'iframe') continue;
        const inner = styles.of(node);
        if (inner.display === 'none') continue;
        if (tag === 'br') {
          parts.push(' ');
          continue;
        }
        const block = !inner.inline || REPLACED.has(tag);
        if (block && inner.shown) {
          const box = sides(dom.box(node));
          if (area(box)) result.blocks.push(box);
        }
        if (ownOnly && (block || !(isHtml(node) || tag === 'tspan' || tag === 'textPath'))) {
          parts.push(' ');
          continue;
        }
        const active = linked || isWidget(node)
          || (ownOnly && (this.reacts(node, inner) || this.labelsSeen(node, styles)));
        if (block) {
          parts.push(' ');
          stack.push(' ', linked);
        }
        pushChildren(stack, node, active);
      }
      result.text = shorten(collapse(parts.join('')), TEXT);
      return result;
    }

    labelsSeen(el, styles) {
      const control = dom.tag(el) === 'label' && isHtml(el) ? el.control : null;
      return control !== null && this.controlState(control, styles, styles.frame) === 'seen';
    }

    // `area` elements have no boxes; their shapes are given in pixels of the image that uses the map.
    imageMap(map, place) {
      const root = dom.root(map);
      const name = dom.attr(map, 'name') ?? '';
      const images = root.querySelectorAll(`img[usemap="#${CSS.escape(name)}"]`);
      const image = images[0];
      if (!image || !name) return;
      const own = place.styles.of(image);
      if (!this.canBeSeen(own) || own.display === 'none') return;
      const padding = paddingBox(image);
      const [sx, sy] = [padding[4], padding[5]];
      const left = padding[0] + parseFloat(own.style.paddingLeft) * sx;
      const top = padding[1] + parseFloat(own.style.paddingTop) * sy;
      for (const el of map.querySelectorAll('area[href],area[onclick]')) {
        const numbers = (dom.attr(el, 'coords') ?? '').split(/[\s,;]+/).map(Number);
        const shape = areaShape((dom.attr(el, 'shape') ?? 'rect').toLowerCase(), numbers, image);
        if (!shape) continue;
        const box = meet([left + shape.box[0] * sx, top + shape.box[1] * sy, left + shape.box[2] * sx,
          top + shape.box[3] * sy], own.clip);
        if (width(box) < 2 || height(box) < 2) continue;
        const entry = { el, via: el, image, tag: 'area', role: 'link', boxes: [box], active: true, atomic: true,
          frame: place.frame, path: place.path, styles: own, stylesOf: place.styles, up: place.up, names: place.names,
          inside: (x, y) => shape.holds((x - left) / sx, (y - top) / sy) };
        if (this.hits.probe(entry)) this.entries.push(entry);
      }
    }

    // Leaves out elements that say the same as one that encloses them or that they enclose.
    withoutDoubles() {
      const dropped = new Set();
      if (this.figures > FIGURES) for (const entry of this.entries) if (entry.figure) dropped.add(entry);
      for (const entry of this.entries) {
        entry.name = entry.group && entry.role === 'generic' && !entry.active ? entry.names.given(entry.el)
          : entry.names.of(entry.el, entry.role);
        entry.box = hull(entry.boxes);
      }
      for (const child of this.entries) {
        const parent = child.up;
        if (!parent || dropped.has(parent) || parent.frame !== child.frame) continue;
        const same = parent.name === child.name || (!parent.name && parent.role === 'generic');
        if (FIELDS.has(parent.role) && FIELDS.has(child.role) && !isEditable(child.el)) dropped.add(child);
        if (!same || FIELDS.has(child.role) || (parent.group && !parent.active && parent.role !== 'generic')) continue;
        const close = overlap(parent.box, child.box) > 0.7;
        if (!close && !(parent.name && parent.name === child.name)) continue;
        if (!child.active) dropped.add(child);
        else if (parent.role === 'generic' || (!parent.active && parent.role !== 'heading')) dropped.add(parent);
        else {
          dropped.add(child);
          // What acts may be the inner one, as the link in a tab.
          const [[px, py], point] = [toTop(child.frame, child.box[0], child.box[1]), parent.point];
          const far = toTop(child.frame, child.box[2], child.box[3]);
          if (!holds([px, py, ...far], ...point)) parent.point = child.point;
        }
      }
      const kept = [];
      const shift = [];
      for (const entry of this.entries) {
        shift.push(kept.length);
        if (!dropped.has(entry)) kept.push(entry);
      }
      shift.push(kept.length);
      for (const frame of this.frames) frame.at = shift[frame.before];
      this.entries = kept;
    }

    describe(entry) {
      const { el, role, tag, frame, styles } = entry;
      const rect = entry.box;
      const [left, top] = toTop(frame, rect[0], rect[1]);
      const [right, bottom] = toTop(frame, rect[2], rect[3]);
      const states = statesOf(el, role, styles, this.focused);
      const element = { role, tag: dom.tag(el) };
      element.name = entry.own && !entry.name ? shorten(entry.painted, NAME) : entry.name;
      const text = entry.own ? entry.painted
        : entry.atomic && !FIELDS.has(role) ? this.gather(entry.shownBy ?? el, entry.stylesOf, false).text : '';
      if (entry.own && !dom.has(el, 'aria-label') && role !== 'heading') element.name = shorten(text, NAME);
      if (!element.name && entry.active) element.name = this.pseudoText(el);
      if (text) element.text = text;
      const value = valueOf(el, role);
      if (value !== undefined) element.value = shorten(value, TEXT);
      element.states = states;
      element.rect = { x: round(left), y: round(top), width: round(right - left), height: round(bottom - top) };
      element.point = { x: round(entry.point[0]), y: round(entry.point[1]) };
      element.visible = Math.round(entry.visible * 1000) / 1000;
      const inert = states.disabled || styles.inert || styles.passive || !entry.reached;
      const passiveRole = PASSIVE.has(role) || (role === 'generic' && !isHtml(el));
      const acts = entry.active && tag !== 'canvas' && passiveRole ? this.reacts(el, styles) || dom.has(el, 'tabindex')
        : entry.active || (entry.group && this.reacts(el, styles));
      element.clickable = Boolean(acts) && !inert;
      element.editable = isEditable(el) && !styles.inert;
      element.scrollable = styles.scrolls !== '' && entry.via === el && !entry.own && this.canScroll(el, styles);
      if (tag === 'select' || dom.tag(el) === 'select') element.options = optionsOf(el);
      if (entry.path.length) element.frame = entry.path;
      return element;
    }

    // Text that only a style sheet gives, but not the private characters of icon fonts.
    pseudoText(el) {
      const parts = ['::before', '::after'].map((pseudo) => {
        const { content } = getComputedStyle(el, pseudo);
        return /^"/.test(content) ? content.slice(1, -1).replace(/[\uE000-\uF8FF]/g, '') : '';
      });
      return collapse(parts.join(' '));
    }
  }

  const touches = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
  const round = (value) => Math.round(value * 100) / 100;

  // Joins boxes that follow one another on a line.
  const lines = (boxes) => {
    const joined = [];
    for (const box of boxes) {
      const before = joined[joined.length - 1];
      const shared = before ? Math.min(before[3], box[3]) - Math.max(before[1], box[1]) : 0;
      if (shared > 0.5 * Math.min(height(before ?? box), height(box))
        && box[0] - before[2] < 12 && box[0] >= before[0]) {
        joined[joined.length - 1] = hull([before, box]);
      } else joined.push(box);
    }
    return joined;
  };

  const areaShape = (shape, n, image) => {
    if (shape === 'default') {
      return { box: [0, 0, image.width, image.height], holds: () => true };
    }
    if (n.some(Number.isNaN)) return null;
    if (shape.startsWith('circ') && n.length >= 3) {
      const [x, y, r] = n;
      return { box: [x - r, y - r, x + r, y + r], holds: (px, py) => (px - x) ** 2 + (py - y) ** 2 <= r * r };
    }
    if (shape.startsWith('poly') && n.length >= 6) {
      const corners = [];
      for (let i = 0; i + 1 < n.length; i += 2) corners.push([n[i], n[i + 1]]);
      const inside = (px, py) => {
        let odd = false;
        for (let i = 0, j = corners.length - 1; i < corners.length; j = i++) {
          const [[xi, yi], [xj, yj]] = [corners[i], corners[j]];
          if (yi > py !== yj > py && px < ((xj - xi) * (py - yi)) / (yj - yi) + xi) odd = !odd;
        }
        return odd;
      };
      return { box: hull(corners.map(([x, y]) => [x, y, x, y])), holds: inside };
    }
    if (n.length < 4) return null;
    const box = [Math.min(n[0], n[2]), Math.min(n[1], n[3]), Math.max(n[0], n[2]), Math.max(n[1], n[3])];
    return { box, holds: () => true };
  };

  // What is installed.

  const outline = (el) => {
    const quote = (name) => (dom.attr(el, name) ? ` ${name}="${shorten(dom.attr(el, name), 40)}"` : '');
    const text = shorten(collapse(dom.content(el) ?? '').slice(0, 200), 30);
    return `<${dom.tag(el)}${quote('id')}${quote('class')}>${text ? ` (${text})` : ''}`;
  };

  const entryAt = (i) => {
    const entry = last.entries[i];
    if (!entry) return { error: 'there is no such element' };
    let frame = entry.frame;
    let attached = dom.connected(entry.via) && dom.view(dom.document(entry.via)) !== null;
    for (; frame?.parent; frame = frame.parent) {
      attached &&= dom.connected(frame.el) && innerDocument(frame.el) === frame.doc;
    }
    return attached ? { entry } : { error: 'it is no longer on the page' };
  };

  // The frame as it lies now.
  const refresh = (frame) => {
    if (!frame.parent) return { ...frame, clip: clipFor(frame, frame.given) };
    const parent = refresh(frame.parent);
    const styles = new Styles(parent);
    const placement = contentPlacement(parent, frame.el, styles.of(frame.el).clip);
    const now = frameOf(frame.doc, parent, frame.el, placement);
    now.clip = clipFor(now, placement.shown);
    return now;
  };

  const look = (entry) => {
    const observer = new Observer(1);
    const frame = refresh(entry.frame);
    const stylesOf = new Styles(frame);
    const styles = stylesOf.of(entry.image ?? entry.via);
    const now = { ...entry, frame, stylesOf, styles, reached: false };
    const box = sides(dom.box(entry.via));
    if (entry.image) {
      const moved = dom.box(entry.image);
      const was = entry.imageBox ?? moved;
      now.boxes = entry.boxes.map((b) => [b[0] + moved.left - was.left, b[1] + moved.top - was.top,
        b[2] + moved.left - was.left, b[3] + moved.top - was.top]);
    } else if (entry.own && !/^(cell|columnheader|rowheader)$/.test(entry.role)) {
      now.boxes = lines(observer.gather(entry.el, stylesOf, !entry.atomic).boxes);
    } else {
      now.boxes = observer.boxesOf(entry.via, styles, box, stylesOf);
    }
    const found = now.boxes.length > 0 && observer.hits.probe(now);
    return { now, found, box, styles };
  };

  const locate = (i) => {
    const { entry, error } = entryAt(i);
    if (error) return { error };
    let { now, found, box, styles } = look(entry);
    if (found) return { x: round(now.point[0]), y: round(now.point[1]) };
    if (styles.display === 'none' || (!styles.inline && area(box) === 0)) return { error: 'it is hidden now' };
    let scrolled = false;
    if (!now.boxes.length) {
      dom.scrollIntoView(entry.image ?? entry.via, { block: 'center', inline: 'center', behavior: 'instant' });
      scrolled = true;
      ({ now, found } = look(entry));
      if (found) return { x: round(now.point[0]), y: round(now.point[1]), scrolled };
    }
    if (now.cover) return { error: `it is covered by ${outline(now.cover)}` };
    return { error: 'it cannot be scrolled into view' };
  };

  const fire = (el, ...types) => {
    for (const type of types) dom.dispatch(el, new Event(type, { bubbles: true, composed: true }));
  };

  const select = (i, wanted) => {
    const { entry, error } = entryAt(i);
    if (error) return { error };
    const { el } = entry;
    if (!isHtml(el) || dom.tag(el) !== 'select') return { error: `it is a ${entry.role} and not a list of options` };
    if (dom.matches(el, ':disabled')) return { error: 'it is disabled' };
    const options = Array.from(el.options);
    const loose = (text) => collapse(text).toLowerCase();
    const fits = [(each) => each.label === wanted, (each) => collapse(each.label) === collapse(wanted),
      (each) => loose(each.label) === loose(wanted), (each) => each.value === wanted];
    const option = fits.map((fit) => options.find(fit)).find(Boolean);
    if (!option) {
      const labels = options.slice(0, 30).map((each) => `\`${shorten(collapse(each.label), 60)}\``).join(', ');
      const more = options.length > 30 ? ', …' : '';
      return { error: `it has no option \`${shorten(wanted, 60)}\`; it has ${labels}${more}` };
    }
    if (dom.matches(option, ':disabled')) return { error: `its option \`${collapse(option.label)}\` is disabled` };
    el.focus({ preventScroll: true });
    if (el.multiple) option.selected = !option.selected;
    else if (option.selected) return { ok: true };
    else option.selected = true;
    fire(el, 'input', 'change');
    return { ok: true };
  };

  const target = (i) => {
    if (i === null || i === undefined) {
      const el = deepActive(document);
      return el && isEditable(el) ? { el } : { error: 'no field has the keyboard' };
    }
    const { entry, error } = entryAt(i);
    if (error) return { error };
    const takesText = isEditable(entry.el) || inputType(entry.el) in FORMATS;
    return takesText ? { el: entry.el } : { error: 'text cannot be typed into it' };
  };

  const clear = (i) => {
    const { el, error } = target(i);
    if (error) return { error };
    if (deepActive(document) !== el) el.focus({ preventScroll: true });
    if (inputType(el) in FORMATS) {
      el.value = '';
      fire(el, 'input', 'change');
    } else if (dom.tag(el) === 'input' || dom.tag(el) === 'textarea') {
      el.select();
    } else {
      dom.view(dom.document(el)).getSelection().selectAllChildren(el);
    }
    return { ok: true };
  };

  // Gives a date, time, colour or range field its value at once; `typed: true` says that the field is to be typed in.
  const fill = (i, text) => {
    const { el, error } = target(i);
    if (error) return { error };
    const type = inputType(el);
    if (!(type in FORMATS)) return { typed: true };
    if (dom.matches(el, ':disabled') || (el.readOnly && TYPED.has(type))) return { error: 'it cannot be changed' };
    const before = el.value;
    el.focus({ preventScroll: true });
    el.value = text.trim();
    if (text.trim() && (type === 'color' ? el.value !== text.trim().toLowerCase() : !el.value)) {
      el.value = before;
      return { error: `its value has the form ${FORMATS[type]}` };
    }
    if (el.value !== before) fire(el, 'input', 'change');
    return { ok: true };
  };

  const focused = () => {
    const el = deepActive(document);
    if (!el || !isEditable(el)) return null;
    const frame = frameOf(dom.document(el), null, null, { ox: 0, oy: 0, sx: 1, sy: 1 });
    frame.clip = [0, 0, frame.view.innerWidth, frame.view.innerHeight];
    const role = roleOf(el);
    const name = new Names(new Styles(frame)).of(el, role);
    return { role, tag: dom.tag(el), type: inputType(el), name, value: valueOf(el, role) ?? '' };
  };

  // What is kept of an entry until it is acted on: without styles and names, which would hold on to much.
  const essence = ({ el, via, frame, image, imageBox, inside, boxes, role, own, active, atomic, labelled }) => (
    { el, via, frame, image, imageBox, inside, boxes, role, own, active, atomic, labelled });

  const observe = ({ x = 0, y = 0, scale = [1, 1], clip, max = 1000 } = {}) => {
    const root = dom.html(document);
    const scrolling = document.scrollingElement ?? root;
    const [wide, high] = [scrolling?.scrollWidth ?? 0, scrolling?.scrollHeight ?? 0];
    const page = { x: round(scrollX), y: round(scrollY), width: wide, height: high };
    const frame = frameOf(document, null, null, { ox: x, oy: y, sx: scale[0], sy: scale[1] });
    frame.given = clip ?? [x, y, x + innerWidth * scale[0], y + innerHeight * scale[1]];
    frame.clip = clipFor(frame, frame.given);
    const observer = new Observer(max);
    if (area(frame.clip) > 0) observer.walk(frame);
    observer.withoutDoubles();
    for (const entry of observer.entries) if (entry.image) entry.imageBox = dom.box(entry.image);
    const elements = observer.entries.map((entry) => observer.describe(entry));
    last = { entries: observer.entries.map(essence), frames: observer.frames.map(({ el }) => el) };
    return {
      url: location.href,
      title: Object.getOwnPropertyDescriptor(Document.prototype, 'title').get.call(document),
      scroll: page,
      elements,
      frames: observer.frames.map(({ at, placement, path }) => ({
        at, x: round(placement.ox), y: round(placement.oy), scale: [placement.sx, placement.sy],
        clip: placement.shown.map(round), path,
      })),
      truncated: observer.truncated,
    };
  };

  globalThis.__glim = {
    observe, locate, select, clear, fill, focused,
    frame: (k) => last.frames[k] ?? null,
    element: (i) => last.entries[i]?.el ?? null,
  };
  return globalThis.__glim;
})()
