// The clickable areas of image maps.

// `area` elements have no boxes; their shapes are given in pixels of the image that uses the map.
function* areasOf(map, place) {
  const root = dom.root(map);
  const name = dom.attr(map, 'name') ?? '';
  const images = root.querySelectorAll(`img[usemap="#${CSS.escape(name)}"]`);
  const image = images[0];
  if (!image || !name) return;
  const own = place.styles.of(image);
  if (!canBeSeen(own) || own.display === 'none') return;
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
    yield { el, via: el, image, tag: 'area', role: 'link', boxes: [box], active: true, atomic: true,
      frame: place.frame, path: place.path, styles: own, stylesOf: place.styles, up: place.up, names: place.names,
      inside: (x, y) => shape.holds((x - left) / sx, (y - top) / sy) };
  }
}

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
