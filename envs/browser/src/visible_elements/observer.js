// One observation: walks the documents and lists what is to be listed.

class Observer {
  constructor(max, reads) {
    this.max = max;
    this.entries = [];
    this.frames = [];
    this.figures = 0;
    this.hits = new Hits(HITS);
    this.reader = reads ? new Reader(this.hits) : null;
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
      if (dom.type(el) === 3) {
        this.reader?.read(el, place);
        continue;
      }
      const tag = dom.tag(el);
      if (SKIP.has(tag)) continue;
      if (tag === 'map') {
        for (const entry of areasOf(el, place)) if (this.hits.probe(entry)) this.entries.push(entry);
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
      if (entry.active && isBlank(entry, place)) return null;
      entry.names = place.names;
      this.entries.push(entry);
      return { ...place, up: entry, owner: entry.atomic ? entry : place.owner };
    };
    if (tag === 'label' && isHtml(el)) {
      const control = el.control;
      if (control && control.type !== 'hidden' && !isWidget(el)) {
        const state = controlState(control, styles, frame);
        if (state === 'away' && canBeSeen(own)) {
          const boxes = boxesOf(el, own, box, styles);
          const role = roleOf(control);
          const inner = list({ el: control, via: el, role, boxes, active: true, atomic: true, shownBy: el });
          if (inner) return inner;
        }
        if (state === 'seen' && !owner) place = { ...place, labels: control };
      }
    }
    const role = roleOf(el);
    const kind = kindOf(el, tag, role, own, place);
    if (kind && canBeSeen(own, el) && !(own.opacity < FAINT && hasLabelInSight(el, styles))) {
      const type = inputType(el);
      let boxes = boxesOf(el, own, box, styles);
      let atomic = kind === 'active' && role !== 'row' && isAtomic(el, tag, role);
      if (kind === 'active' && !atomic && (role === 'treeitem' || role === 'menuitem' || role === 'option')) {
        const text = gather(el, styles, true);
        if (text.boxes.length) boxes = text.boxes;
      }
      if (kind === 'group') atomic = false;
      const entry = { role, boxes, active: kind === 'active', atomic, group: kind === 'group' || !atomic };
      const drawn = role === 'generic' && entry.active ? drawnControl(el, styles, frame) : null;
      if (drawn) Object.assign(entry, { el: drawn, role: roleOf(drawn), shownBy: el, atomic: true, group: false });
      entry.labelled = type === 'checkbox' || type === 'radio' || type === 'file' || TYPED.has(type);
      const inner = list(entry);
      if (inner && (tag === 'select' || tag === 'textarea' || tag === 'canvas')) return null;
      if (inner && inner.owner !== owner) return inner;
      place = inner ?? place;
    }
    if (tag === 'select' || tag === 'textarea' || tag === 'input') return null;
    if (this.figures <= FIGURES && place.up?.el !== el && isFigure(el, tag, own, box, place)) {
      this.figures++;
      list({ role, boxes: [meet(box, own.clip)], figure: true });
      return place;
    }
    const svgText = tag === 'text' && dom.namespace(el) === SVG;
    if (owner || (own.inline && !svgText)) return place;
    return this.textBlock(el, role, box, place, list) ?? place;
  }

  // The block's own text, as one entry.
  textBlock(el, role, box, place, list) {
    const { styles } = place;
    const whole = role === 'heading' && !dom.find(el, 'h1,h2,h3,h4,h5,h6,p,ul,table');
    const text = gather(el, styles, !whole);
    if (!text.own || !text.boxes.length) return null;
    if (place.labels && collapse(place.names.of(place.labels)).includes(collapse(text.text))) return null;
    const table = role === 'cell' || role === 'columnheader' || role === 'rowheader';
    const kept = table || role === 'listitem' || role === 'heading' || READABLE.has(role);
    const boxes = table ? [meet(box, styles.of(el).clip)] : lines(text.boxes);
    const entry = { role: kept ? role : 'text', boxes, own: true, atomic: whole, painted: text.text };
    return list(entry);
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
      : entry.atomic && !FIELDS.has(role) ? gather(entry.shownBy ?? el, entry.stylesOf, false).text || caption(el) : '';
    if (entry.own && !dom.has(el, 'aria-label') && role !== 'heading') element.name = shorten(text, NAME);
    if (!element.name && entry.active) element.name = pseudoText(el);
    if (text) element.text = text;
    const value = valueOf(el, role);
    if (value !== undefined) element.value = shorten(value, TEXT);
    element.states = states;
    if (inputType(el)) element.input_type = inputType(el);
    element.rect = { x: round(left), y: round(top), width: round(right - left), height: round(bottom - top) };
    if (entry.boxes.length > 1) {
      element.fragments = lines(entry.boxes).slice(0, FRAGMENTS).map((box) => {
        const [x, y] = toTop(frame, box[0], box[1]);
        const [far, low] = toTop(frame, box[2], box[3]);
        return { x: round(x), y: round(y), width: round(far - x), height: round(low - y) };
      });
      if (element.fragments.length === 1) delete element.fragments;
    }
    element.point = { x: round(entry.point[0]), y: round(entry.point[1]) };
    element.visible = Math.round(entry.visible * 1000) / 1000;
    const whole = sides(dom.box(entry.image ?? entry.via));
    element.shown = area(whole) ? Math.round((area(meet(whole, styles.clip)) / area(whole)) * 1000) / 1000 : 1;
    element.central = this.hits.central(entry);
    const inert = states.disabled || styles.inert || styles.passive || !entry.reached;
    const passiveRole = PASSIVE.has(role) || (role === 'generic' && !isHtml(el));
    const acts = entry.active && tag !== 'canvas' && passiveRole ? reacts(el, styles) || dom.has(el, 'tabindex')
      : entry.active || (entry.group && reacts(el, styles));
    element.clickable = Boolean(acts) && !inert;
    element.editable = isEditable(el) && !styles.inert;
    element.scrollable = styles.scrolls !== '' && entry.via === el && !entry.own && canScroll(el, styles);
    if (tag === 'select' || dom.tag(el) === 'select') element.options = optionsOf(el);
    if (entry.path.length) element.frame = entry.path;
    return element;
  }
}
