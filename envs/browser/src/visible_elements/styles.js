// Style and clipping, inherited along the composed tree, computed once per element and observation.

const alpha = (color) => {
  const parts = /^rgba\(.*,\s*([\d.]+)\)$|\/\s*([\d.]+%?)\)$/.exec(color);
  if (!parts) return color === 'transparent' ? 0 : 1;
  return parts[1] !== undefined ? +parts[1] : parts[2].endsWith('%') ? parseFloat(parts[2]) / 100 : +parts[2];
};
const fills = (style) => alpha(style.backgroundColor) > 0.05 || style.backgroundImage !== 'none';
// How much a filter lets through, and by how many pixels it blurs.
const filtered = (filter) => {
  const [, opacity] = /opacity\(([\d.]+)\)/.exec(filter) ?? [0, 1];
  const [, blur] = /blur\(([\d.]+)px\)/.exec(filter) ?? [0, 0];
  return [+opacity, +blur];
};
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
    this.top = { parent: null, opacity: 1, blurred: false, inert: false, inner: frame.clip, cursor: 'auto' };
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
    const [through, blur] = style.filter === 'none' ? [1, 0] : filtered(style.filter);
    own.opacity = parent.opacity * style.opacity * through;
    own.blurred = parent.blurred || blur > BLUR;
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
    if (!styles || !styles.shown || styles.blurred || styles.opacity < FAINT) return [];
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

  // The text of a node as it shows: cased, and without lines out of sight.
  shownText(node) {
    const styles = this.of(flatParent(node));
    const text = node.data.slice(...this.shownRange(node));
    switch (styles.style.textTransform) {
      case 'uppercase': return text.toUpperCase();
      case 'lowercase': return text.toLowerCase();
      case 'capitalize': return text.replace(/(^|\s)(\S)/g, (_, gap, letter) => gap + letter.toUpperCase());
      default: return text;
    }
  }

  // Where the part of a text node begins and ends that is in sight. The viewport cuts long texts only.
  shownRange(node) {
    const text = node.data;
    const clip = this.of(flatParent(node)).inner;
    let [start, end] = [0, text.length];
    if (text.length <= 200 && clip === this.top.inner) return [start, end];
    this.range ??= this.frame.doc.createRange();
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
    if (all.bottom > clip[3]) end = first((rect) => (rect.top + rect.bottom) / 2 > clip[3]);
    if (all.top < clip[1]) start = first((rect) => (rect.top + rect.bottom) / 2 >= clip[1]);
    // Where no line shows by half, those that show at all are what shows.
    return start < end ? [start, end] : [first((rect) => rect.bottom > clip[1]), first((rect) => rect.top >= clip[3])];
  }
}

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
