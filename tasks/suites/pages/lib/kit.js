// What the pages are built from: seeded choices, elements, and the widgets that several pages share.
'use strict';

const rand = {
  // An integer, both ends included.
  int: (from, to) => from + Math.floor(Math.random() * (to - from + 1)),
  pick: list => list[Math.floor(Math.random() * list.length)],
  chance: share => Math.random() < share,
  // A new list in random order.
  shuffle: list => {
    const mixed = [...list];
    for (let last = mixed.length - 1; last > 0; last--) {
      const at = rand.int(0, last);
      [mixed[last], mixed[at]] = [mixed[at], mixed[last]];
    }
    return mixed;
  },
  // `count` different ones.
  sample: (list, count) => rand.shuffle(list).slice(0, count),
  digits: count => Array.from({ length: count }, () => rand.int(0, 9)).join(''),
};

// An element: h('button.primary', {onclick, 'aria-label': 'x'}, 'text', child, [children]).
// Properties that begin with `on` and those of the object are set, others become attributes; null leaves one out.
function h(selector, ...rest) {
  const [tag, ...classes] = selector.split('.');
  return fill(document.createElement(tag || 'div'), classes, rest);
}

// The same for SVG.
function svg(selector, ...rest) {
  const [tag, ...classes] = selector.split('.');
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), classes, rest);
}

function fill(node, classes, rest) {
  if (classes.length) node.setAttribute('class', classes.join(' '));
  if (node.localName === 'button') node.type = 'button';
  const props = Object.getPrototypeOf(rest[0] ?? '') === Object.prototype ? rest.shift() : {};
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith('on') || ['value', 'checked', 'selected', 'disabled', 'htmlFor', 'hidden'].includes(name)) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...rest.flat(3).filter(child => child !== null && child !== undefined));
  return node;
}

// The page: a card with a title bar. Returns the card's body.
function app(title, ...children) {
  const body = h('div.body', ...children);
  document.title = title;
  document.body.append(h('main.card', h('header.head', h('h1', title)), body));
  return body;
}

const button = (label, onclick, kind = 'plain') => h(`button.${kind}`, { onclick }, label);
const actions = (...buttons) => h('div.actions', ...buttons);
const line = (...children) => h('div.line', ...children);

// A labelled field; the label is the field's accessible name.
const field = (label, input) => h('label.field', h('span', label), input);
const textbox = (value = '', props = {}) => h('input', { type: 'text', value, autocomplete: 'off', spellcheck: 'false', ...props });
const choose = (options, value = options[0]) =>
  h('select', options.map(option => h('option', { value: option, selected: option === value }, option)));

// A labelled check box or radio button, with its input as `.input`.
function tick(type, label, checked, name = null) {
  const input = h('input', { type, checked, name });
  const node = h('label.tick', input, h('span', label));
  node.input = input;
  return node;
}

// A table; a cell is text or a node. `heads` likewise.
function table(heads, rows) {
  return h('table',
    h('thead', h('tr', heads.map(head => h('th', { scope: 'col' }, head)))),
    h('tbody', rows.map(row => h('tr', row.map(cell => h('td', cell))))));
}

// A modal dialog over the page; `close()` on the returned node takes it away.
function modal(title, ...children) {
  const box = h('div.modal', { role: 'dialog', 'aria-modal': 'true', 'aria-label': title }, h('h2', title), ...children);
  const veil = h('div.veil', box);
  veil.close = () => veil.remove();
  document.body.append(veil);
  return veil;
}

// The picture of a sheet of paper.
const sheet = height => svg('svg', { viewBox: '0 0 18 22', height, 'aria-hidden': 'true', style: 'vertical-align:-3px' },
  svg('path', { d: 'M1 1h10l6 6v14H1z M11 1v6h6', fill: 'var(--soft)', stroke: 'var(--accent)', 'stroke-width': '1.4' }),
  svg('path', { d: 'M4 11h9M4 14h9M4 17h6', stroke: 'var(--faint)' }));

// Two lists hold the same things, in any order.
const sameSet = (a, b) => a.length === b.length && a.every(item => b.includes(item));
// Two lists hold the same things in the same order.
const sameList = (a, b) => a.length === b.length && a.every((item, at) => item === b[at]);
const quote = text => `"${text}"`;
// "a", "b" and "c".
const listed = texts => texts.length < 2 ? texts.map(quote).join('') :
  `${texts.slice(0, -1).map(quote).join(', ')} and ${quote(texts[texts.length - 1])}`;
const money = cents => `$${(cents / 100).toFixed(2)}`;
const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

// Dates are days without a time or zone; the page never asks the clock what day it is.
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
  'November', 'December'];
const day = {
  of: (year, month, date) => new Date(Date.UTC(year, month, date)),
  add: (from, days) => new Date(from.getTime() + days * 86400000),
  long: date => `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()}`,
  iso: date => date.toISOString().slice(0, 10),
  random: () => day.add(day.of(2025, 0, 1), rand.int(0, 1000)),
};

// A month to pick a day from. `pick(date)` is called for a day; `mark(date)` says its class.
function calendar(shown, pick, mark = () => '') {
  const node = h('div.calendar');
  let month = day.of(shown.getUTCFullYear(), shown.getUTCMonth(), 1);
  const turn = by => {
    month = day.of(month.getUTCFullYear(), month.getUTCMonth() + by, 1);
    node.draw();
  };
  node.draw = () => {
    const title = `${MONTHS[month.getUTCMonth()]} ${month.getUTCFullYear()}`;
    const days = day.of(month.getUTCFullYear(), month.getUTCMonth() + 1, 0).getUTCDate();
    const cells = Array.from({ length: days }, (_, at) => {
      const date = day.add(month, at);
      return h('button.day', { class: `day ${mark(date)}`, 'aria-label': day.long(date), onclick: () => pick(date) }, String(at + 1));
    });
    const gaps = Array.from({ length: (month.getUTCDay() + 6) % 7 }, () => h('span'));
    node.replaceChildren(
      h('div.month', h('button.icon', { 'aria-label': 'Previous month', onclick: () => turn(-1) }, '‹'),
        h('strong', title), h('button.icon', { 'aria-label': 'Next month', onclick: () => turn(1) }, '›')),
      h('div.days', ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'].map(name => h('span.weekday', name)), gaps, cells));
  };
  node.draw();
  return node;
}

const stock = {
  first: ['Ada', 'Amir', 'Beth', 'Carla', 'Chen', 'Dana', 'Elif', 'Emil', 'Farah', 'Greta', 'Hugo', 'Ines', 'Ivan',
    'Jonas', 'Kaya', 'Lena', 'Luca', 'Mara', 'Milo', 'Nadia', 'Noor', 'Omar', 'Petra', 'Quinn', 'Rosa', 'Sami', 'Tara',
    'Uma', 'Viktor', 'Wanda', 'Yusuf', 'Zoe'],
  last: ['Abbott', 'Becker', 'Costa', 'Dietz', 'Eklund', 'Fischer', 'Garcia', 'Haddad', 'Ito', 'Jansen', 'Kowalski',
    'Larsen', 'Moreau', 'Novak', 'Okafor', 'Petrov', 'Quist', 'Rossi', 'Sato', 'Tanaka', 'Ueda', 'Varga', 'Weber',
    'Yilmaz', 'Zhang'],
  cities: ['Athens', 'Bergen', 'Cairo', 'Dakar', 'Geneva', 'Hanoi', 'Istanbul', 'Kyoto', 'Lima', 'Lisbon', 'Madrid',
    'Nairobi', 'Oslo', 'Porto', 'Quito', 'Riga', 'Seoul', 'Tallinn', 'Turin', 'Utrecht', 'Vienna', 'Warsaw', 'Zagreb'],
  goods: ['Bamboo tray', 'Canvas bag', 'Ceramic mug', 'Copper kettle', 'Cotton towel', 'Desk lamp', 'Felt slippers',
    'Garden hose', 'Glass jar', 'Linen apron', 'Oak stool', 'Paper lantern', 'Rain jacket', 'Silk scarf', 'Steel bottle',
    'Stone mortar', 'Tea infuser', 'Travel pillow', 'Wall clock', 'Wool blanket'],
  topics: ['Budget review', 'Design sync', 'Fire drill', 'Hiring plan', 'Launch party', 'Launch plan', 'Office move',
    'Press call', 'Product demo', 'Quarterly report', 'Release notes', 'Sales sync', 'Security audit', 'Team lunch',
    'Travel policy', 'Vendor call'],
  // `count` different full names in alphabetical order; given and family names repeat.
  names: count => rand.sample(rand.sample(stock.first, 12).flatMap(first => stock.last.map(last => `${first} ${last}`)), count)
    .sort(byText),
  // `count` people who share neither given nor family name.
  people: count => {
    const last = rand.sample(stock.last, count);
    return rand.sample(stock.first, count).map((first, at) => `${first} ${last[at]}`);
  },
};
