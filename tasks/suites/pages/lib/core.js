// The page side of the MiniWoB++ protocol: seeding, starting, asking and rewarding one episode.
//
// A page calls `core.define(build)` once. `build()` fills the empty page from Math.random and returns the instruction;
// the page later calls `core.finish(ok, reason)` exactly when the user commits. A runner may drive any page with
//   Math.seedrandom(7); core.startEpisodeReal();
// and read the globals below. Nothing here looks at the clock except to measure how long the episode took.
'use strict';

var WOB_TASK_READY = false; // the page can be observed
var WOB_DONE_GLOBAL = false; // the episode is over
var WOB_RAW_REWARD_GLOBAL = 0; // -1..=1
var WOB_REWARD_GLOBAL = 0; // the same, decayed by time where the page asks for it
var WOB_REWARD_REASON = null; // one line on why
var WOB_EPISODE_ID = 0; // episodes finished on this page

var core = {};

// Replaces Math.random by sfc32 (Chris Doty-Humphrey's small fast counter generator, PractRand), seeded with the
// cyrb128 hash of the seed's text. Without a seed, by one taken from the present generator.
Math.seedrandom = (seed = Math.random()) => {
  const text = String(seed);
  let a = 1779033703, b = 3144134277, c = 1013904242, d = 2773480762;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = b ^ Math.imul(a ^ code, 597399067);
    b = c ^ Math.imul(b ^ code, 2869860233);
    c = d ^ Math.imul(c ^ code, 951274213);
    d = a ^ Math.imul(d ^ code, 2716044179);
  }
  Math.random = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let spin = 0; spin < 15; spin++) Math.random();
  return seed;
};

(() => {
  let build = null;
  let utterance = '';
  let began = 0;
  let timer = null; // also says whether an episode runs
  let episode = new AbortController();
  let pending = [];

  core.EPISODE_MAX_TIME = 120000; // milliseconds

  // Registers the page's `build`, which may return a promise of the instruction.
  core.define = page => {
    build = page;
  };

  // An event listener that ends with the episode; those on elements of the page need no such care.
  core.listen = (target, type, act, options = {}) =>
    target.addEventListener(type, act, { ...options, signal: episode.signal });

  // A timer that ends with the episode.
  core.after = (ms, act) => {
    pending.push(setTimeout(act, ms));
  };

  core.startEpisodeReal = () => {
    clear();
    WOB_TASK_READY = WOB_DONE_GLOBAL = false;
    WOB_RAW_REWARD_GLOBAL = WOB_REWARD_GLOBAL = 0;
    WOB_REWARD_REASON = null;
    // Pages with the same seed should not look alike: each begins at its own place in the sequence.
    for (const letter of location.pathname) for (let at = letter.charCodeAt(0) % 7; at > 0; at--) Math.random();
    theme();
    const built = build();
    if (built instanceof Promise) built.then(begin);
    else begin(built);
  };

  // The name under which the original pages begin behind a click; ours begin at once.
  core.startEpisode = () => core.startEpisodeReal();

  core.getUtterance = () => utterance;

  core.endEpisode = (reward, timeProportional = false, reason = null) => {
    if (timer === null) return; // one reward an episode
    clearTimeout(timer);
    timer = null;
    const share = Math.max(0, 1 - (Date.now() - began) / core.EPISODE_MAX_TIME);
    WOB_RAW_REWARD_GLOBAL = reward;
    WOB_REWARD_GLOBAL = timeProportional ? reward * share : reward;
    WOB_REWARD_REASON = reason;
    WOB_EPISODE_ID++;
    WOB_DONE_GLOBAL = true;
    document.body.classList.add('over');
  };

  // The user committed: all right, or not.
  core.finish = (ok, reason) => core.endEpisode(ok ? 1 : -1, true, reason);

  function begin(text) {
    utterance = text.replace(/\s+/g, ' ').trim();
    began = Date.now();
    timer = setTimeout(() => core.endEpisode(-1, false, 'timed out'), core.EPISODE_MAX_TIME);
    WOB_TASK_READY = true;
  }

  // Leaves nothing of the episode before: no element, listener, timer, selection, focus or scroll position.
  function clear() {
    episode.abort();
    episode = new AbortController();
    pending.forEach(clearTimeout);
    pending = [];
    if (timer !== null) clearTimeout(timer);
    timer = null;
    document.activeElement?.blur?.();
    getSelection()?.removeAllRanges();
    document.body.replaceWith(document.createElement('body'));
    document.body.addEventListener('submit', event => event.preventDefault());
    document.body.addEventListener('click', event => {
      if (event.target.closest?.('a')) event.preventDefault();
    });
    scrollTo(0, 0);
  }

  const FONTS = [
    'system-ui, "DejaVu Sans", sans-serif',
    '"Liberation Sans", Arial, Helvetica, sans-serif',
    '"DejaVu Sans", Verdana, sans-serif',
    '"Liberation Serif", Georgia, "Times New Roman", serif',
  ];

  // A look drawn from the seed, so that no two episodes have the same pixels.
  function theme() {
    const number = (from, to) => from + Math.random() * (to - from);
    const one = list => list[Math.floor(Math.random() * list.length)];
    const dark = Math.random() < 0.35;
    const hue = Math.floor(number(0, 360));
    const tint = Math.floor(number(0, 18));
    const look = {
      '--accent': `hsl(${hue} ${Math.floor(number(55, 80))}% ${dark ? 68 : 38}%)`,
      '--on-accent': dark ? '#101014' : '#ffffff',
      '--soft': `hsl(${hue} ${dark ? 30 : 70}% ${dark ? 24 : 93}%)`,
      '--ground': dark ? `hsl(${hue} ${tint}% 9%)` : `hsl(${hue} ${tint + 8}% 94%)`,
      '--paper': dark ? `hsl(${hue} ${tint}% 14%)` : '#ffffff',
      '--ink': dark ? '#ececf1' : '#1d1f27',
      '--faint': dark ? '#a5a7b3' : '#5d6170',
      '--line': dark ? `hsl(${hue} ${tint}% 30%)` : `hsl(${hue} ${tint}% 82%)`,
      '--radius': `${one([0, 3, 5, 8, 12])}px`,
      '--font': one(FONTS),
      '--size': `${one([12, 12.5, 13, 13.5])}px`,
      '--width': `${Math.floor(number(440, 472))}px`,
    };
    const root = document.documentElement;
    root.style.cssText = '';
    Object.entries(look).forEach(([name, value]) => root.style.setProperty(name, value));
    root.style.colorScheme = dark ? 'dark' : 'light';
    root.dataset.head = one(['solid', 'plain', 'soft']);
    root.dataset.place = one(['start', 'center', 'end']);
  }
})();
