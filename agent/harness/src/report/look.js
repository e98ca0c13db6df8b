"use strict";
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Colours: as the system says, or as chosen here. Storage may be refused, for example in a file opened from disk.
  const theme = $("#theme");
  const remember = (value) => { try { localStorage.setItem("glim-colours", value); } catch { /* not remembered */ } };
  const recall = () => { try { return localStorage.getItem("glim-colours"); } catch { return null; } };
  const choose = (value) => {
    if (value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
    $("span", theme).textContent = value;
  };
  const wish = new URLSearchParams(location.search).get("colours") || recall();
  choose(["light", "dark"].includes(wish) ? wish : "auto");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const order = ["auto", "light", "dark"];
    const next = order[(order.indexOf($("span", theme).textContent) + 1) % order.length];
    choose(next);
    remember(next);
  });

  // Tables sort by the number or text behind each cell; the first click shows the largest number first.
  for (const table of $$("table")) {
    const heads = $$("thead th", table);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const text = head.classList.contains("name");
        const descending = head.hasAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : !text;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const value = (row) => row.cells[column].dataset.value;
        const order = text ? (a, b) => value(a).localeCompare(value(b)) : (a, b) => value(a) - value(b);
        const rows = $$("tbody tr", table).sort(order);
        if (descending) rows.reverse();
        $("tbody", table).append(...rows);
      });
    });
  }

  // On paper everything that has pictures is unfolded.
  addEventListener("beforeprint", () => $$(".card:not([hidden])").forEach((card) => {
    if ($(".film", card)) $("details", card).open = true;
  }));

  // A screen at full size, where the screenshot lies beside this page; otherwise the small one, enlarged.
  const zoom = $("#zoom");
  const show = (link) => {
    const figure = link.closest("figure");
    const stage = $(".stage", zoom);
    const [width, height] = ["--w", "--h"].map((name) => Number(figure.style.getPropertyValue(name)));
    const scale = Math.min((innerWidth * 0.94 - 40) / width, (innerHeight * 0.94 - 130) / height, Math.max(1, 640 / width));
    stage.style.width = `${width * scale}px`;
    stage.style.height = `${height * scale}px`;
    const picture = $("img", link).cloneNode();
    stage.replaceChildren(picture, $("svg", link).cloneNode(true));
    const full = new Image();
    full.addEventListener("load", () => { picture.src = full.src; });
    full.src = link.getAttribute("href");
    $(".zoom-caption", zoom).textContent = $("figcaption", figure).textContent;
    const said = $(".zoom-said", zoom);
    said.textContent = $$(".said", figure).map((part) => part.textContent).join("\n\n");
    said.hidden = !said.textContent;
    zoom.current = link;
    if (!zoom.open) zoom.showModal();
  };
  for (const link of $$("a[data-zoom]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      show(link);
    });
  }
  $("button", zoom).addEventListener("click", () => zoom.close());
  zoom.addEventListener("click", (event) => { if (event.target === zoom) zoom.close(); });
  zoom.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const film = $$("a[data-zoom]", zoom.current.closest(".film"));
    const next = film[film.indexOf(zoom.current) + step];
    if (next) show(next);
  });
})();
