// What an element is listed as, if it is listed.

// 'active': can be operated, or is an image; 'group': listed although its content is listed too; '': neither.
const kindOf = (el, tag, role, own, { owner }) => {
  const svg = dom.namespace(el) === SVG;
  if (tag === 'body' || tag === 'html') return role !== 'textbox' ? '' : 'active';
  if (tag === 'input') return el.type === 'hidden' ? '' : 'active';
  if (tag === 'canvas') return owner ? '' : 'active';
  if (tag === 'video' || tag === 'audio') return dom.has(el, 'controls') ? 'active' : '';
  if (tag === 'summary' && role === 'button') return 'active';
  if (role === 'progressbar' || role === 'meter') return owner ? '' : 'active';
  const explicit = dom.has(el, 'role') && role !== 'generic';
  if (role === 'dialog' || role === 'alertdialog') return 'group';
  const focusable = dom.has(el, 'tabindex') && dom.attr(el, 'tabindex').trim() >= 0;
  if (role === 'gridcell' || role === 'row') {
    if (!(focusable || reacts(el, own) || dom.has(el, 'aria-selected'))) return '';
    return role === 'row' ? 'group' : 'active';
  }
  if (WIDGETS.has(role) && (role !== 'listbox' || tag === 'select')) return 'active';
  if (role === 'separator') return focusable ? 'active' : '';
  if (role === 'img') return !owner && (named(el) || reacts(el, own)) ? 'active' : '';
  if (dom.attr(el, 'draggable') === 'true') return 'active';
  if (svg) return svgKind(el, tag, own, owner);
  if (focusable) return CONTAINERS.has(role) || explicit ? 'group' : 'active';
  if (reacts(el, own)) {
    if (tag === 'label' || dom.closest(el, 'a[href],button,summary,select')) return '';
    return 'active';
  }
  if (own.scrolls && canScroll(el, own)) return 'group';
  return '';
};

const svgKind = (el, tag, own, owner) => {
  if (owner && !reacts(el, own)) return '';
  if (!SHAPES.has(tag)) return '';
  if (reacts(el, own) || dom.has(el, 'tabindex')) return 'active';
  return titleOf(el) ? 'active' : '';
};

const NAMING = ['aria-label', 'aria-labelledby', 'alt', 'title'];
const named = (el) => NAMING.some((name) => (dom.attr(el, name) ?? '').trim()) || (!isHtml(el) && titleOf(el) !== null);

// Has a handler of its own, or a pointer that says so and is not merely inherited.
const reacts = (el, own) => {
  if (HANDLERS.some((name) => dom.has(el, name))) return true;
  return ACTIVE_CURSOR.test(own.cursor) && own.cursor !== own.parent.cursor;
};

const canScroll = (el, own) => {
  const [x, y] = own.scrolls.split(' ');
  const free = (axis) => axis === 'auto' || axis === 'scroll';
  return (free(y) && dom.scrollHeight(el) > dom.clientHeight(el) + 1)
    || (free(x) && dom.scrollWidth(el) > dom.clientWidth(el) + 1);
};

// Whether what is inside belongs to it as its name, as the text in a button does.
const isAtomic = (el, tag, role) => {
  if (role === 'treeitem' || role === 'menuitem') {
    return !dom.find(el, '[role=group],[role=menu],[role=treeitem],[role=menuitem],ul');
  }
  if (tag === 'svg') return !dom.find(el, 'text');
  if (role !== 'generic' && role !== 'listitem' && role !== 'option') return true;
  return !dom.find(el, PARTS) && dom.content(el).length < 500;
};

// A link or a box that reacts, but without a name, content or paint: nobody sees it.
const isBlank = ({ el, via, role, styles }, { names }) => {
  if ((role !== 'generic' && role !== 'link') || via !== el || !isHtml(el) || dom.find(el, '*')) return false;
  if (/\S/.test(dom.content(el)) || names.of(el, role)) return false;
  return !isPainted(el, styles.style);
};

// A painted box, shape or icon without a word: a person can name it by its looks, and it may well react.
const isFigure = (el, tag, own, box, { owner, frame }) => {
  if ((owner && owner.role !== 'generic') || !canBeSeen(own) || own.passive) return false;
  const least = Math.min(width(box), height(box));
  if (area(meet(box, own.clip)) < 0.6 * area(box)) return false;
  const svg = dom.namespace(el) === SVG;
  if (least < (svg ? 4 : 8) || area(box) > 0.4 * area(frame.clip)) return false;
  if (dom.closest(el, '[aria-hidden="true"]')) return false;
  if (svg) {
    if (!SHAPES.has(tag) || tag === 'g' || tag === 'text' || tag === 'line') return false;
    const canvas = el.ownerSVGElement && sides(dom.box(el.ownerSVGElement));
    return Boolean(canvas) && area(box) < 0.8 * area(canvas) && Math.min(width(canvas), height(canvas)) >= 40;
  }
  if (tag === 'img') return !dom.has(el, 'alt') && !dom.has(el, 'role');
  if (own.style.content.startsWith('url(')) return true;
  if (REPLACED.has(tag) || own.display === 'inline' || dom.find(el, '*')) return false;
  return !/\S/.test(dom.content(el)) && isPainted(el, own.style);
};

const isPainted = (el, style) => {
  const edge = ['Top', 'Right', 'Bottom', 'Left'].every((side) => parseFloat(style[`border${side}Width`]) > 0);
  if (edge || style.boxShadow !== 'none' || fills(style)) return true;
  return ['::before', '::after'].some((pseudo) => {
    const { content } = getComputedStyle(el, pseudo);
    return content !== 'none' && content !== 'normal' && !/^"\s*"$/.test(content);
  });
};
