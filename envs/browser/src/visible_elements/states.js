// Values, states and options of an element, and whether it can be written in.

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

// What a button made of an input element says; it has no text inside that could be gathered.
const caption = (el) => {
  const standard = { submit: 'Submit', reset: 'Reset', button: '' }[inputType(el)];
  if (standard === undefined) return '';
  const style = getComputedStyle(el);
  const hidden = parseFloat(style.fontSize) < 3 || parseFloat(style.textIndent) < -50;
  return hidden ? '' : shorten(collapse(dom.has(el, 'value') ? el.value : standard), TEXT);
};

const flag = (el, name) => {
  const given = dom.attr(el, name);
  return given === null || given === '' || given === 'undefined' ? undefined : given !== 'false' && given !== 'mixed';
};

const isDisabled = (el) => dom.matches(el, ':disabled') || dom.closest(el, '[aria-disabled="true" i]') !== null;

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
