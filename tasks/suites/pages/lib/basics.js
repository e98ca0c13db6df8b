// Screens to begin with: a few large things to click, one of which the goal names. One click decides.
//
// Things stand on a lattice of 28 CSS pixels, the side of what a vision token sees, words begin at the same place within it, and
// nothing overlaps. Words, colours and shapes are few, so that a small model can meet each of them often.
'use strict';

var basics = {};

(() => {
  const WORDS = ['ok', 'cancel', 'submit', 'next', 'back', 'yes', 'no', 'help', 'save', 'open', 'close', 'delete', 'edit',
    'search', 'send', 'login', 'home', 'menu', 'settings', 'share'];
  const COLOURS = { red: '#dc2828', green: '#28a03c', blue: '#3250dc', yellow: '#f0dc3c', purple: '#963cb4', orange: '#f58c1e',
    cyan: '#3cc8dc', pink: '#fa96be', gray: '#828282', black: '#141414' };
  const SHAPES = {
    circle: ['circle', { cx: 21, cy: 21, r: 18 }],
    square: ['rect', { x: 4, y: 4, width: 34, height: 34 }],
    triangle: ['polygon', { points: '21,3 39,38 3,38' }],
    diamond: ['polygon', { points: '21,2 40,21 21,40 2,21' }],
    cross: ['path', { d: 'M15 3h12v12h12v12H27v12H15V27H3V15h12z' }],
    star: ['polygon', { points: '21,2 26,16 41,16 29,25 33,40 21,31 9,40 13,25 1,16 16,16' }],
  };
  const STEP = 28, SIDE = 168;

  // One thing to click for each kind, with its size in steps of the lattice.
  const kinds = {
    button: word => [h('button', word), 1 + Math.ceil(word.length / 4), 1],
    link: word => [h('a', { href: '#' }, word), 1 + Math.ceil(word.length / 4), 1],
    tab: word => [h('button.tab', { role: 'tab', 'aria-selected': 'false' }, word), 1 + Math.ceil(word.length / 4), 1],
    checkbox: word => [tick('checkbox', word, false), 2 + Math.ceil(word.length / 4), 1],
    radio: word => [tick('radio', word, false, 'choice'), 2 + Math.ceil(word.length / 4), 1],
    number: word => [h('button.number', word), 1, 1],
    colour: word => [h('button.swatch', { 'aria-label': word, style: `background:${COLOURS[word]}` }), 1, 1],
    shape: word => {
      const [tag, props] = SHAPES[word];
      return [h('button.shape', { 'aria-label': word }, svg('svg', { viewBox: '0 0 42 42', 'aria-hidden': 'true' },
        svg(tag, { ...props, fill: rand.pick(Object.values(COLOURS)) }))), 1, 1];
    },
  };
  const names = {
    colour: Object.keys(COLOURS),
    shape: Object.keys(SHAPES),
    number: ['1', '2', '3', '4', '5', '6', '7', '8', '9'],
  };
  const goals = {
    button: word => rand.pick([`Press the button "${word}".`, `Click "${word}".`]),
    link: word => rand.pick([`Follow the link "${word}".`, `Open the link "${word}".`]),
    tab: word => rand.pick([`Switch to the tab "${word}".`, `Open the tab "${word}".`]),
    checkbox: word => rand.pick([`Tick "${word}".`, `Check the box "${word}".`]),
    radio: word => rand.pick([`Choose "${word}".`, `Select the option "${word}".`]),
    number: word => rand.pick([`Press the number "${word}".`, `Click "${word}".`]),
    colour: word => rand.pick([`Click the "${word}" box.`, `Press the "${word}" box.`]),
    shape: word => rand.pick([`Click the "${word}".`, `Press the "${word}".`]),
  };

  basics.define = kind => core.define(() => {
    const count = rand.int(2, kind === 'number' || kind === 'colour' || kind === 'shape' ? 6 : 4);
    const chosen = rand.sample(names[kind] || WORDS, count);
    const ground = rand.int(225, 255);
    document.body.style.background = `rgb(${ground},${ground},${ground})`;
    const taken = [];
    const placed = [];
    for (const word of chosen) {
      const [node, width, height] = kinds[kind](word);
      const last = [SIDE / STEP - width, SIDE / STEP - height];
      for (let attempt = 0; attempt < 60; attempt++) {
        const [x, y] = last.map(most => rand.int(0, most));
        if (taken.some(([l, t, r, b]) => x < r && l < x + width && y < b && t < y + height)) continue;
        taken.push([x, y, x + width, y + height]);
        node.style.cssText += `;position:absolute;left:${x * STEP + 1}px;top:${y * STEP + 1}px;` +
          `width:${width * STEP - 2}px;height:${height * STEP - 2}px`;
        node.addEventListener('click', event => {
          // A label passes its click on to its input, which is the one that counts.
          if (node.input && event.target !== node.input) return;
          event.preventDefault();
          core.finish(word === wanted, `clicked ${quote(word)}`);
        });
        placed.push([word, node]);
        break;
      }
    }
    const wanted = rand.pick(placed)[0];
    document.title = kind;
    document.body.append(...placed.map(([, node]) => node));
    return goals[kind](wanted);
  });
})();
