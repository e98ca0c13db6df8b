// What a pointer reaches at a point, and how much of an element it reaches.

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
  relation(entry, hit, x, y) {
    if (!hit) return 0;
    const { el, via } = entry;
    if (within(hit, via)) {
      if (entry.own && hit !== via && this.buried(entry.frame, entry.stylesOf, hit, via, x, y)) return 0;
      for (let node = hit; node && node !== via && node !== el; node = flatParent(node)) if (isWidget(node)) return 1;
      return 2;
    }
    if (el !== via && within(hit, el)) return 2;
    if (entry.image) return hit === entry.image ? 2 : 0;
    return entry.labelled && labelOf(hit) === el ? 2 : 0;
  }

  // Whether something laid over an element's text from inside the element hides it.
  buried(frame, styles, hit, el, x, y) {
    for (let node = hit; node && node !== el; node = flatParent(node)) {
      if (/absolute|fixed/.test(styles.of(node).position) && this.paints(frame, node, x, y)) return true;
    }
    return false;
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

  // Whether a click at the middle of an entry's hull would hit it, or could if it took clicks.
  central(entry) {
    const [x, y] = entry.middle;
    if (entry.inside && !entry.inside(x, y)) return false;
    const rank = this.relation(entry, this.at(entry.frame, x, y), x, y);
    return rank > 0 || (entry.styles.passive && this.seen(entry, x, y));
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
    entry.middle = [cx, cy];
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
      let rank = this.relation(entry, hit, x, y);
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
