// Runs in the isolated world of each document: popups that the browser draws outside the page (options of a list box,
// calendars, colours) do not open. They are in no screenshot, and frames stand still while one is open. List boxes and
// fields keep the focus and answer to keys; the select and type actions work on them as on all others.
(() => {
  if (globalThis.__glimNoPopups) return;
  globalThis.__glimNoPopups = true;
  const PICKERS = new Set(['date', 'datetime-local', 'month', 'week', 'time', 'color']);
  const target = (event) => event.composedPath()[0];
  const dropdown = (node) => {
    const select = node instanceof Element ? node.closest('select') : null;
    return select && !select.multiple && select.size <= 1 ? select : null;
  };
  const picker = (node) => node instanceof HTMLInputElement && PICKERS.has(node.type);
  const on = (kind, handle) => addEventListener(kind, handle, { capture: true });

  on('mousedown', (event) => {
    const select = dropdown(target(event));
    if (!select || event.button !== 0) return;
    event.preventDefault();
    select.focus({ preventScroll: true });
  });
  on('click', (event) => {
    if (event.isTrusted && picker(target(event))) event.preventDefault();
  });
  on('keydown', (event) => {
    const node = target(event);
    const opens = event.key === 'F4' || (event.altKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp'));
    const blank = event.key === ' ';
    if ((dropdown(node) && (opens || blank || event.key === 'Enter')) || (picker(node) && (opens || blank))) {
      event.preventDefault();
    }
  });
})()
