// What is installed as `globalThis.__glim`.

// What is kept of an entry until it is acted on: without styles and names, which would hold on to much.
const essence = ({ el, via, frame, image, imageBox, inside, boxes, role, own, active, atomic, labelled }) => (
  { el, via, frame, image, imageBox, inside, boxes, role, own, active, atomic, labelled });

// How the top document lies on a screen that is zoomed, as that of a phone that shows a wide page.
const zoomed = () => {
  const { scale, offsetLeft, offsetTop } = visualViewport ?? { scale: 1, offsetLeft: 0, offsetTop: 0 };
  return { ox: -offsetLeft * scale, oy: -offsetTop * scale, sx: scale, sy: scale };
};

const observe = ({ x = 0, y = 0, scale = [1, 1], clip, max = 1000, reads = false, top = false } = {}) => {
  const root = dom.html(document);
  const scrolling = document.scrollingElement ?? root;
  const [wide, high] = [scrolling?.scrollWidth ?? 0, scrolling?.scrollHeight ?? 0];
  const page = { x: round(scrollX), y: round(scrollY), width: wide, height: high };
  const frame = frameOf(document, null, null, top ? zoomed() : { ox: x, oy: y, sx: scale[0], sy: scale[1] });
  frame.given = clip ?? [x, y, x + innerWidth * scale[0], y + innerHeight * scale[1]];
  frame.clip = clipFor(frame, frame.given);
  const observer = new Observer(max, reads);
  if (area(frame.clip) > 0) observer.walk(frame);
  observer.withoutDoubles();
  for (const entry of observer.entries) if (entry.image) entry.imageBox = dom.box(entry.image);
  const elements = observer.entries.map((entry) => observer.describe(entry));
  last = { entries: observer.entries.map(essence), frames: observer.frames.map(({ el }) => el) };
  return {
    url: location.href,
    title: Object.getOwnPropertyDescriptor(Document.prototype, 'title').get.call(document),
    scroll: page,
    elements,
    lines: observer.reader?.lines ?? [],
    frames: observer.frames.map(({ at, placement, path }) => ({
      at, x: round(placement.ox), y: round(placement.oy), scale: [placement.sx, placement.sy],
      clip: placement.shown.map(round), path,
    })),
    truncated: observer.truncated,
  };
};

globalThis.__glim = {
  observe, locate, select, clear, fill,
  frame: (k) => last.frames[k] ?? null,
};
