// Behaviour of the tracker alone: choosing whole lists, and cards that can be dragged over the board.
"use strict";

const all = document.getElementById("select-all");
if (all) {
  all.addEventListener("change", () => {
    document.querySelectorAll('input[name="issue"][form="bulk"]').forEach((box) => { box.checked = all.checked; });
  });
}

// Choosing an issue opens the menus that act on it.
document.querySelectorAll('.tick input[type=checkbox]').forEach((box) => {
  box.addEventListener("change", () => {
    const bulk = document.querySelector("details.bulk");
    if (bulk && box.checked) bulk.open = true;
  });
});

const board = document.querySelector("[data-board]");
if (board) {
  let held = null;
  const columnAt = (event) => {
    const under = document.elementFromPoint(event.clientX, event.clientY);
    return under ? under.closest(".column") : null;
  };
  const light = (column) => board.querySelectorAll(".column").forEach((each) => each.classList.toggle("over", each === column));
  board.addEventListener("mousedown", (event) => {
    const card = event.target.closest(".slip");
    if (event.button !== 0 || !card || event.target.closest("select, button")) return;
    held = { card, x: event.clientX, y: event.clientY, moved: false };
    event.preventDefault();
  });
  document.addEventListener("mousemove", (event) => {
    if (!held) return;
    if (!held.moved && Math.hypot(event.clientX - held.x, event.clientY - held.y) > 6) {
      held.moved = true;
      held.card.classList.add("held");
    }
    if (held.moved) light(columnAt(event));
  });
  document.addEventListener("mouseup", (event) => {
    if (!held) return;
    const { card, moved } = held;
    held = null;
    card.classList.remove("held");
    light(null);
    const column = moved ? columnAt(event) : null;
    if (!column || column === card.closest(".column")) return;
    const select = card.querySelector("select[name=column]");
    select.value = column.dataset.column;
    select.form.requestSubmit();
  });
  // A drag that ends on a link must not follow it.
  board.addEventListener("dragstart", (event) => event.preventDefault());
}
