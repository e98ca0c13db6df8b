// Runs in the isolated world of each document from its start: says how long nothing has changed, and whether a link was
// followed that saves its target.
(() => {
  if (globalThis.__glimQuiet) return;
  const now = performance.now.bind(performance);
  let last = now();
  new MutationObserver(() => { last = now(); }).observe(document, {
    subtree: true, childList: true, attributes: true, characterData: true,
  });
  // No event of the browser says that a link which saves its target was followed, until the file comes.
  let saving = false;
  addEventListener('click', (event) => {
    saving ||= event.composedPath().some((node) => node.localName === 'a' && node.hasAttribute('download'));
  }, true);
  const finite = (animation) => {
    if (animation.playState !== 'running') return false;
    const end = animation.effect?.getComputedTiming().endTime;
    return Number.isFinite(Number(end)) && Number(end) < 10000;
  };
  // Milliseconds of the page's time since the last change; 0 while an animation that will end is running.
  const still = () => {
    if (document.readyState === 'loading') return 0;
    if (document.getAnimations().some(finite)) { last = now(); return 0; }
    return now() - last;
  };
  // Resolves to whether it was still for `quiet` ms from now on before `limit` ms had passed.
  const until = (quiet, limit) => new Promise((resolve) => {
    const begin = now();
    const look = () => {
      const calm = Math.min(still(), now() - begin);
      if (calm >= quiet) resolve(true);
      else if (now() - begin >= limit) resolve(false);
      else setTimeout(look, Math.min(Math.max(quiet - calm, 10), 50));
    };
    look();
  });
  // Whether such a link was followed since the last call.
  const saves = () => {
    const since = saving;
    saving = false;
    return since;
  };
  globalThis.__glimQuiet = { still, until, saves };
})()
