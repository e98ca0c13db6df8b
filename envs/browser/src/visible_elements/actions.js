// What is done to an element of the last observation.

let last = { entries: [], frames: [] };

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
    now.boxes = lines(gather(entry.el, stylesOf, !entry.atomic).boxes);
  } else {
    now.boxes = boxesOf(entry.via, styles, box, stylesOf);
  }
  const found = now.boxes.length > 0 && new Hits(HITS).probe(now);
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
