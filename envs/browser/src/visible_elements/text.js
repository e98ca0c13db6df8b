// The text that is painted inside an element, and the boxes in which an element shows.

const collapse = (text) => text.replace(/\s+/g, ' ').trim();
const shorten = (text, limit) => (text.length > limit ? `${text.slice(0, limit - 1)}…` : text);

// Painted text inside an element. `ownOnly` leaves out what is listed by itself: blocks and controls, except that
// links in running text stay in it, but do not count as `own`.
const gather = (el, styles, ownOnly) => {
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
      || (ownOnly && (reacts(node, inner) || labelsSeen(node, styles)));
    if (block) {
      parts.push(' ');
      stack.push(' ', linked);
    }
    pushChildren(stack, node, active);
  }
  result.text = shorten(collapse(parts.join('')), TEXT);
  return result;
};

// The boxes in which an element shows: its border box, or the fragments of an inline one.
const boxesOf = (el, own, box, styles) => {
  const clip = own.clip;
  const keep = (boxes) => {
    const cut = boxes.map((each) => [meet(each, clip), area(each)])
      .filter(([shown]) => Math.min(width(shown), height(shown)) >= 2);
    // What is cut down to a strip without a word says nothing any more.
    const clear = ([shown, whole]) => Math.min(width(shown), height(shown)) >= 20 || area(shown) >= 0.45 * whole;
    const kept = cut.some(clear) || !cut.length || gather(el, styles, false).boxes.length ? cut : [];
    return kept.map(([shown]) => shown);
  };
  if (!own.inline || REPLACED.has(dom.tag(el)) || !isHtml(el)) return keep([box]);
  const { boxes, blocks } = gather(el, styles, false);
  const fragments = Array.from(dom.rects(el), sides);
  if (!blocks.length) return keep(fragments.length ? fragments : lines(boxes));
  return keep(boxes.length ? [...lines(boxes), ...blocks] : blocks);
};

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

// Text that only a style sheet gives, but not the private characters of icon fonts.
const pseudoText = (el) => {
  const parts = ['::before', '::after'].map((pseudo) => {
    const { content } = getComputedStyle(el, pseudo);
    return /^"/.test(content) ? content.slice(1, -1).replace(/[\uE000-\uF8FF]/g, '') : '';
  });
  return collapse(parts.join(' '));
};
