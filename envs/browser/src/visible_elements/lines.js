// Lines and words of painted text, for those who read a page rather than operate it.

const NO_SPACES = /[\u0E00-\u0EFF\u1000-\u109F\u1780-\u17FF\u2E80-\u9FFF\uF900-\uFAFF\uFF66-\uFF9F]/;
const ICONS = /^[\s\uE000-\uF8FF\u{F0000}-\u{10FFFF}]*$/u;

class Reader {
  constructor(hits) {
    this.hits = hits;
    this.lines = [];
    this.blocks = new Map();
    this.left = WORDS;
    this.segmenter = null;
  }

  read(node, { frame, styles }) {
    if (!/\S/.test(node.data)) return;
    const parent = flatParent(node);
    const own = styles.of(parent);
    if (own.opacity < FAINT || !styles.painted(node).length) return;
    const block = this.blockOf(parent, styles);
    const [start, end] = styles.shownRange(node);
    const range = frame.doc.createRange();
    for (const match of node.data.slice(start, end).matchAll(/\S+/g)) {
      for (const [text, at] of this.words(match[0])) {
        if (this.left-- <= 0) return;
        const from = start + match.index + at;
        range.setStart(node, from);
        range.setEnd(node, from + text.length);
        for (const piece of this.pieces(range, node, from, text)) this.add(piece, { parent, own, frame, styles, block });
      }
    }
  }

  blockOf(el, styles) {
    while (el && styles.of(el).inline) el = flatParent(el);
    let block = this.blocks.get(el);
    if (!block) this.blocks.set(el, block = { id: this.blocks.size + 1, ...this.ellipsisOf(el, styles) });
    return block;
  }

  // From where on an ellipsis stands for what a block has no room for: to the right of `right`, in lines below `below`.
  ellipsisOf(el, styles) {
    const around = el && flatParent(el);
    const clamps = (node) => node && styles.of(node).style.webkitLineClamp !== 'none'
      && dom.scrollHeight(node) > dom.clientHeight(node) + 1;
    const clamped = clamps(el) ? el : clamps(around) ? around : null;
    const { style } = el ? styles.of(el) : { style: null };
    const dotted = style && style.textOverflow !== 'clip' && style.overflowX !== 'visible'
      && dom.scrollWidth(el) > dom.clientWidth(el);
    if ((!clamped && !dotted) || style.direction === 'rtl') return { right: Infinity, below: 0 };
    const [, , right, bottom, sx, sy] = paddingBox(clamped ?? el);
    const em = parseFloat(style.fontSize);
    const edge = right - parseFloat(style.paddingRight) * sx;
    if (clamped) return { right: edge - em * sx, below: bottom - 1.2 * em * sy };
    return { right: /nowrap|pre/.test(style.whiteSpace) ? edge - em * sx : edge + 1, below: -Infinity };
  }

  words(run) {
    if (!NO_SPACES.test(run)) return [[run, 0]];
    this.segmenter ??= new Intl.Segmenter(undefined, { granularity: 'word' });
    return Array.from(this.segmenter.segment(run), ({ segment, index }) => [segment, index]);
  }

  // A word that is broken over lines is a word on each of them.
  pieces(range, node, from, text) {
    const rects = range.getClientRects();
    if (rects.length <= 1) return rects.length ? [[text, sides(rects[0])]] : [];
    const pieces = [];
    let at = from;
    for (const letter of text) {
      range.setStart(node, at);
      range.setEnd(node, at += letter.length);
      const [rect] = range.getClientRects();
      if (!rect) continue;
      const last = pieces[pieces.length - 1];
      const box = sides(rect);
      if (last && box[1] < (last[1][1] + last[1][3]) / 2 && box[3] > (last[1][1] + last[1][3]) / 2) {
        last[0] += letter;
        last[1] = hull([last[1], box]);
      } else pieces.push([letter, box]);
    }
    return pieces;
  }

  add([text, whole], { parent, own, frame, styles, block }) {
    const box = meet(whole, own.inner);
    if (height(box) < 4 || width(box) < 1 || area(box) < 0.75 * area(whole) || ICONS.test(text)) return;
    if (whole[2] > block.right && (whole[1] + whole[3]) / 2 > block.below) return;
    const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    const hit = this.hits.at(frame, x, y);
    const inside = hit && within(hit, parent);
    if (inside ? this.hits.buried(frame, styles, hit, parent, x, y)
      : !this.hits.seen({ el: parent, frame, styles: own, stylesOf: styles }, x, y)) return;
    const shown = this.cased(text, own.style.textTransform);
    const placed = [...toTop(frame, box[0], box[1]), ...toTop(frame, box[2], box[3])].map(round);
    const line = this.lines[this.lines.length - 1];
    if (line && line.block === block.id) {
      const [, ...last] = line.words[line.words.length - 1];
      const shared = Math.min(last[3], placed[3]) - Math.max(last[1], placed[1]);
      const gap = placed[0] - last[2];
      const tall = Math.min(height(last), height(placed));
      if (shared > 0.5 * tall && gap > -0.3 * tall && gap < 1.5 * tall) {
        const joined = gap < 0.08 * tall;
        line.text += joined ? shown : ` ${shown}`;
        if (joined && !NO_SPACES.test(shown)) {
          const word = line.words[line.words.length - 1];
          word[0] += shown;
          word.splice(1, 4, ...hull([last, placed]));
        } else line.words.push([shown, ...placed]);
        line.box = hull([line.box, placed]);
        return;
      }
    }
    this.lines.push({ text: shown, box: placed, block: block.id, words: [[shown, ...placed]] });
  }

  cased(text, transform) {
    switch (transform) {
      case 'uppercase': return text.toUpperCase();
      case 'lowercase': return text.toLowerCase();
      case 'capitalize': return text[0].toUpperCase() + text.slice(1);
      default: return text;
    }
  }
}
