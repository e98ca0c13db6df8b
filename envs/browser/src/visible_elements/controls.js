// Controls: what is operated by itself, and labels that stand for one which is styled away.

const isWidget = (el) => {
  switch (dom.tag(el)) {
    case 'a': return dom.has(el, 'href');
    case 'button': case 'input': case 'select': case 'textarea': case 'summary': return true;
    default: return WIDGETS.has(dom.attr(el, 'role') ?? '') || dom.has(el, 'tabindex') || dom.has(el, 'onclick');
  }
};

const labelOf = (el) => {
  for (let node = el; node; node = flatParent(node)) {
    if (dom.tag(node) === 'label' && isHtml(node)) return node.control ?? null;
  }
  return null;
};

const canBeSeen = (own, el) => {
  if (!own.shown) return false;
  if (own.opacity >= FAINT) return true;
  // A see-through control laid over the picture of one is still what a click reaches.
  const type = el ? inputType(el) : '';
  return DRAWN.has(type) || (el && dom.tag(el) === 'select');
};

// Where a label's control is: 'seen', styled 'away' in favour of the label, or just 'out' of the viewport.
const controlState = (control, styles, frame) => {
  const own = styles.of(control);
  const box = sides(dom.box(control));
  const [x, y] = [frame.view.scrollX, frame.view.scrollY];
  if (own.display === 'none' || !own.shown || own.opacity < FAINT || width(box) <= 2 || height(box) <= 2
    || box[2] + x <= 0 || box[3] + y <= 0 || /^inset\((50|100)%/.test(own.style.clipPath)
    || /^rect\(0px,? 0px,? 0px,? 0px\)/.test(own.style.clip)) return 'away';
  return area(meet(box, own.clip)) > 0 ? 'seen' : 'out';
};

// The one check box or radio button that a box stands for, being styled away itself.
const drawnControl = (el, styles, frame) => {
  const inputs = el.getElementsByTagName('input');
  const [input] = inputs;
  if (inputs.length !== 1 || (input.type !== 'checkbox' && input.type !== 'radio')) return null;
  return controlState(input, styles, frame) === 'away' ? input : null;
};

const hasLabelInSight = (el, styles) => Array.from(el.labels ?? []).some((label) => {
  const own = styles.of(label);
  return canBeSeen(own) && area(meet(sides(dom.box(label)), own.clip)) > 16;
});

const labelsSeen = (el, styles) => {
  const control = dom.tag(el) === 'label' && isHtml(el) ? el.control : null;
  return control !== null && controlState(control, styles, styles.frame) === 'seen';
};
