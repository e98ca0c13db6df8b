// Boxes, as [left, top, right, bottom] in their own document's viewport, and how that viewport lies in the top one.

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
const touches = (a, b) => a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
const paddingBox = (el) => {
  const b = sides(dom.box(el));
  const [w, h] = isHtml(el) ? [dom.offsetWidth(el), dom.offsetHeight(el)] : [0, 0];
  const [sx, sy] = [w ? (b[2] - b[0]) / w : 1, h ? (b[3] - b[1]) / h : 1];
  const [left, top] = [b[0] + dom.clientLeft(el) * sx, b[1] + dom.clientTop(el) * sy];
  return [left, top, left + dom.clientWidth(el) * sx, top + dom.clientHeight(el) * sy, sx, sy];
};
const round = (value) => Math.round(value * 100) / 100;

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
