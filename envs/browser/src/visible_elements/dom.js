// The document read through accessors of the prototypes, which a page cannot shadow, and as a composed tree.

const bind = (fn) => Function.prototype.call.bind(fn);
const getter = (type, key) => bind(Object.getOwnPropertyDescriptor(type.prototype, key).get);
const method = (type, key) => bind(type.prototype[key]);
const dom = {
  type: getter(Node, 'nodeType'),
  parent: getter(Node, 'parentNode'),
  first: getter(Node, 'firstChild'),
  next: getter(Node, 'nextSibling'),
  connected: getter(Node, 'isConnected'),
  document: getter(Node, 'ownerDocument'),
  content: getter(Node, 'textContent'),
  contains: method(Node, 'contains'),
  root: method(Node, 'getRootNode'),
  slot: getter(Element, 'assignedSlot'),
  textSlot: getter(Text, 'assignedSlot'),
  shadow: getter(Element, 'shadowRoot'),
  host: getter(ShadowRoot, 'host'),
  assigned: method(HTMLSlotElement, 'assignedNodes'),
  tag: getter(Element, 'localName'),
  namespace: getter(Element, 'namespaceURI'),
  attr: method(Element, 'getAttribute'),
  has: method(Element, 'hasAttribute'),
  matches: method(Element, 'matches'),
  closest: method(Element, 'closest'),
  find: method(Element, 'querySelector'),
  box: method(Element, 'getBoundingClientRect'),
  rects: method(Element, 'getClientRects'),
  clientLeft: getter(Element, 'clientLeft'),
  clientTop: getter(Element, 'clientTop'),
  clientWidth: getter(Element, 'clientWidth'),
  clientHeight: getter(Element, 'clientHeight'),
  scrollWidth: getter(Element, 'scrollWidth'),
  scrollHeight: getter(Element, 'scrollHeight'),
  scrollIntoView: method(Element, 'scrollIntoView'),
  offsetWidth: getter(HTMLElement, 'offsetWidth'),
  offsetHeight: getter(HTMLElement, 'offsetHeight'),
  html: getter(Document, 'documentElement'),
  view: getter(Document, 'defaultView'),
  all: method(Document, 'getElementsByTagName'),
  at: method(Document, 'elementFromPoint'),
  allAt: method(Document, 'elementsFromPoint'),
  shadowAt: method(ShadowRoot, 'elementFromPoint'),
  active: getter(Document, 'activeElement'),
  shadowActive: getter(ShadowRoot, 'activeElement'),
  dispatch: method(EventTarget, 'dispatchEvent'),
};

const HTML = 'http://www.w3.org/1999/xhtml';
const SVG = 'http://www.w3.org/2000/svg';

const isHtml = (el) => dom.namespace(el) === HTML;
const inputType = (el) => (dom.tag(el) === 'input' && isHtml(el) ? el.type : '');

const flatParent = (node) => {
  const slot = dom.type(node) === 1 ? dom.slot(node) : dom.type(node) === 3 ? dom.textSlot(node) : null;
  if (slot) return slot;
  const parent = dom.parent(node);
  if (!parent) return null;
  const type = dom.type(parent);
  return type === 1 ? parent : type === 11 ? dom.host(parent) : null;
};

// The title of a drawing or of a shape in it.
const titleOf = (el) => {
  for (let node = dom.first(el); node; node = dom.next(node)) {
    if (dom.type(node) === 1 && dom.tag(node) === 'title') return node;
  }
  return null;
};

// Pushes the composed children so that the first is popped first.
const pushChildren = (stack, el, also) => {
  const root = dom.shadow(el);
  let children = !root && dom.tag(el) === 'slot' && isHtml(el) ? dom.assigned(el) : [];
  if (!children.length) {
    children = [];
    for (let node = dom.first(root ?? el); node; node = dom.next(node)) children.push(node);
  }
  for (let i = children.length - 1; i >= 0; i--) {
    const type = dom.type(children[i]);
    if (type === 1 || type === 3) stack.push(children[i], also);
  }
};

const within = (node, el) => {
  if (dom.contains(el, node)) return true;
  for (; node; node = flatParent(node)) if (node === el) return true;
  return false;
};

const deepActive = (doc) => {
  let el = dom.active(doc);
  for (let i = 0; el && i < 100; i++) {
    const root = dom.shadow(el);
    const inner = root ? dom.shadowActive(root) : innerDocument(el) ? dom.active(innerDocument(el)) : null;
    if (!inner) break;
    el = inner;
  }
  return el && dom.tag(el) !== 'body' && dom.tag(el) !== 'html' ? el : isEditableRoot(el) ? el : null;
};
const isEditableRoot = (el) => el !== null && isHtml(el) && el.isContentEditable;

const innerDocument = (el) => {
  const tag = dom.tag(el);
  if (tag !== 'iframe' && tag !== 'frame' && tag !== 'object') return null;
  try {
    return el.contentDocument ?? null;
  } catch {
    return null;
  }
};
