// Runs in the page's own world before any of its scripts: chance comes from the episode's seed, time (on the virtual
// clock) from its epoch, and calls that would wait for a person return at once and are noted.
((seed, epoch) => {
  const handle = Symbol.for('glim.world');
  if (globalThis[handle]) return;
  const { imul } = Math;
  const ticks = performance.now.bind(performance);
  let state = 0;
  let refused = [];
  let origin = 0;

  // Mulberry32: 32 bits of state, and the same numbers in every engine.
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = imul(state ^ (state >>> 15), 1 | state);
    t = (t + imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const random = () => (next() * 2097152 + (next() >>> 11)) / 9007199254740992;
  const reseed = (to) => {
    state = to | 0;
    Math.random = random;
  };
  reseed(seed);

  // A page that is used again begins its next episode at the same moment as a fresh one.
  const restart = (to) => {
    reseed(to);
    refused = [];
    if (epoch !== null) origin = elapsed();
  };
  // Whole milliseconds: the fractions tell when the process started, which is chance.
  const elapsed = () => Math.floor(ticks());
  if (epoch !== null) {
    // How long a page took to arrive is chance too; each begins a minute after the one before.
    epoch += (history.length - 1) * 60000;
    const now = () => epoch + elapsed() - origin;
    const Native = Date;
    const Shifted = new Proxy(Native, {
      construct: (target, args, self) =>
        Reflect.construct(target, args.length ? args : [now()], self === Shifted ? target : self),
      apply: () => new Native(now()).toString(),
      get: (target, key, self) => (key === 'now' ? now : Reflect.get(target, key, self)),
    });
    globalThis.Date = Shifted;
    performance.now = elapsed;
  }

  const refuse = (what) => {
    if (refused.length < 20 && !refused.includes(what)) refused.push(what);
  };
  globalThis.print = () => refuse('window.print');
  if (globalThis.Notification?.requestPermission) {
    Notification.requestPermission = (callback) => {
      refuse('notifications');
      callback?.('denied');
      return Promise.resolve('denied');
    };
  }
  for (const type of [globalThis.HTMLSelectElement, globalThis.HTMLInputElement]) {
    if (type?.prototype.showPicker) type.prototype.showPicker = () => refuse('native picker');
  }
  // A window without a screen would wait for ever for the frame in which it fills one.
  const { Element: Any } = globalThis;
  for (const name of ['requestFullscreen', 'webkitRequestFullscreen', 'webkitRequestFullScreen']) {
    if (!Any?.prototype[name]) continue;
    Any.prototype[name] = function () {
      refuse('fullscreen');
      queueMicrotask(() => this.dispatchEvent(new Event('fullscreenerror', { bubbles: true })));
      return Promise.reject(new TypeError('Permissions check failed'));
    };
  }
  const geolocation = globalThis.Geolocation?.prototype;
  if (geolocation) {
    const deny = (_found, failed) => {
      refuse('geolocation');
      const error = { code: 1, message: 'User denied Geolocation', PERMISSION_DENIED: 1 };
      if (failed) queueMicrotask(() => failed(error));
      return 0;
    };
    geolocation.getCurrentPosition = deny;
    geolocation.watchPosition = deny;
  }
  const media = globalThis.MediaDevices?.prototype;
  for (const call of ['getUserMedia', 'getDisplayMedia']) {
    if (media?.[call]) {
      media[call] = () => {
        refuse(call);
        return Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
      };
    }
  }

  Object.defineProperty(globalThis, handle, {
    value: { restart, refused: () => refused.splice(0) },
  });
})
