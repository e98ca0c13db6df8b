// The role of an element, given or implied, and what follows from roles and tags.

const words = (text) => new Set(text.trim().split(/\s+/));

const SKIP = words(`script style template noscript head meta link title base param source track datalist option
  optgroup defs symbol clipPath mask marker pattern linearGradient radialGradient filter metadata`);
const WIDGETS = words(`button link checkbox radio switch menuitem menuitemcheckbox menuitemradio option tab treeitem
  textbox searchbox combobox listbox slider spinbutton scrollbar gridcell row`);
// Their name comes from what is inside, and what is inside is not listed again unless it can be operated.
const ATOMIC = words(`button link checkbox radio switch menuitem menuitemcheckbox menuitemradio option tab heading
  treeitem gridcell columnheader rowheader cell tooltip img`);
const NAMED_BY_CONTENT = new Set([...ATOMIC, 'row', 'generic', 'listitem', 'text']);
NAMED_BY_CONTENT.delete('img');
const FIELDS = words('textbox searchbox combobox listbox slider spinbutton progressbar meter scrollbar');
const READABLE = words('alert status log tooltip note timer marquee definition term caption code');
const STRUCTURE = words(`heading cell columnheader rowheader gridcell row listitem img dialog alertdialog progressbar
  meter figure`);
const PASSIVE = words('img heading progressbar meter'); // clicked only where they react
const CONTAINERS = words('group tree list listbox menu grid treegrid table tablist radiogroup rowgroup');
const ROLES = new Set([...WIDGETS, ...ATOMIC, ...FIELDS, ...READABLE, ...STRUCTURE, ...CONTAINERS, 'separator']);
const INPUTS = {
  button: 'button', submit: 'button', reset: 'button', image: 'button', file: 'button', color: 'button',
  checkbox: 'checkbox', radio: 'radio', range: 'slider', number: 'spinbutton', search: 'searchbox',
};
const DRAWN = words('checkbox radio file range'); // often see-through, over a drawing of themselves
const TYPED = words('text search tel url email password number date time month week datetime-local');
const FORMATS = {
  date: 'yyyy-mm-dd', time: 'hh:mm', month: 'yyyy-mm', week: 'yyyy-Www', 'datetime-local': 'yyyy-mm-ddThh:mm',
  color: '#rrggbb', range: 'a number',
};
const REPLACED = words('img video audio canvas iframe object embed input select textarea button progress meter svg');
const SHAPES = words('circle ellipse rect polygon polyline path line image use text g');
// Inside a box that reacts, what is to be listed by itself.
const PARTS = 'a[href],button,input,select,textarea,table,ul,p,h1,h2,h3,h4,h5,h6,[role],[tabindex],[onclick]';
const HANDLERS = ['onclick', 'ondblclick', 'onmousedown', 'onmouseup', 'onpointerdown', 'onpointerup',
  'ontouchstart', 'ng-click'];
const SAYS = /[^\s|»«›‹>·•/,:;—–-]/; // more than a separator
const ACTIVE_CURSOR = /pointer|grab|move|resize|zoom|scroll/;

const isHost = (el) => isHtml(el) && el.isContentEditable && !(flatParent(el)?.isContentEditable);

const explicitRole = (el) => {
  const given = dom.attr(el, 'role');
  if (!given) return '';
  return given.toLowerCase().trim().split(/\s+/).find((role) => ROLES.has(role)) ?? '';
};

const headerRole = (cell) => {
  const scope = dom.attr(cell, 'scope');
  if (scope === 'row' || scope === 'rowgroup') return 'rowheader';
  if (scope === 'col' || scope === 'colgroup') return 'columnheader';
  const row = dom.parent(cell);
  return row && dom.find(row, 'td') && !dom.closest(cell, 'thead') ? 'rowheader' : 'columnheader';
};

const impliedRole = (el) => {
  const tag = dom.tag(el);
  if (!isHtml(el)) {
    return tag === 'a' ? 'link' : tag === 'svg' ? 'img' : 'generic';
  }
  switch (tag) {
    case 'a': case 'area': return dom.has(el, 'href') ? 'link' : 'generic';
    case 'button': return 'button';
    case 'summary': return dom.tag(dom.parent(el)) === 'details' ? 'button' : 'generic';
    case 'input': {
      const role = INPUTS[el.type];
      if (dom.has(el, 'list') && (!role || role === 'searchbox')) return 'combobox';
      return role ?? 'textbox';
    }
    case 'select': return el.multiple || el.size > 1 ? 'listbox' : 'combobox';
    case 'textarea': return 'textbox';
    case 'h1': case 'h2': case 'h3': case 'h4': case 'h5': case 'h6': return 'heading';
    case 'img': return dom.attr(el, 'alt') === '' ? 'generic' : 'img';
    case 'canvas': return 'img';
    case 'td': return dom.closest(el, '[role=grid],[role=treegrid]') ? 'gridcell' : 'cell';
    case 'th': return headerRole(el);
    case 'tr': return 'row';
    case 'li': return 'listitem';
    case 'dialog': return 'dialog';
    case 'progress': return 'progressbar';
    case 'meter': return 'meter';
    case 'output': return 'status';
    case 'video': case 'audio': return tag;
    default: return 'generic';
  }
};

const roleOf = (el) => explicitRole(el) || (isHost(el) ? 'textbox' : impliedRole(el));
