// What does not fit is taken away, so that nothing is cut off and nothing lies on something else.
{
  const box = (of) => of.getBoundingClientRect();
  for (const column of document.querySelectorAll('.fit')) {
    const room = box(column);
    const bottom = Math.min(room.bottom, innerHeight);
    let full = false;
    for (const child of [...column.children]) {
      const own = box(child);
      const wide = [child, ...child.querySelectorAll('*')].some((each) => box(each).right > room.right + 0.5
        || box(each).left < room.left - 0.5 || each.scrollWidth > each.clientWidth + 1);
      if (wide && !full) child.remove();
      else if (full || own.bottom > bottom) {
        full = true;
        child.remove();
      }
    }
    while (column.lastElementChild?.matches('h1,h2,h3')) column.lastElementChild.remove();
  }
  for (const head of document.querySelectorAll('.head')) if (box(head).bottom > innerHeight * 0.6 || head.scrollWidth > head.clientWidth + 1) head.remove();
  for (const cell of document.querySelectorAll('.cell')) {
    const room = box(cell);
    const block = cell.firstElementChild;
    let size = parseFloat(getComputedStyle(block).fontSize);
    for (;;) {
      const own = box(block);
      if (own.left >= room.left && own.right <= room.right && own.top >= room.top && own.bottom <= room.bottom) break;
      size *= 0.88;
      if (size < SMALLEST) {
        cell.remove();
        break;
      }
      block.style.fontSize = `${size}px`;
    }
  }
}
