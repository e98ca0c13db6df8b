// The page as it shows, written down in a form that a person might have written: what is on the first screen, without
// scripts, with one style sheet that holds the rules that match; where a sheet may not be read, with the computed style of
// each element. Evaluates to {html, places, grounds}: the colours of pictures stand as U+0005 n U+0006 and those of painted
// backgrounds as U+0006 n U+0005; `places[n]` and `grounds[n]` are where they are, in CSS pixels of the screen.
((bounds) => {
  const SKIP = new Set(['script', 'style', 'link', 'meta', 'noscript', 'template', 'base', 'title', 'head', 'audio',
     'param', 'source', 'track', 'map', 'area']);
  const PICTURES = new Set(['img', 'svg', 'canvas', 'video', 'iframe', 'picture', 'object', 'embed']);
  const KEPT = new Set(['type', 'value', 'placeholder', 'checked', 'disabled', 'selected', 'multiple', 'rows', 'cols',
    'colspan', 'rowspan', 'open', 'dir', 'lang', 'start', 'reversed', 'max', 'min', 'for', 'role', 'align', 'valign',
    'bgcolor', 'width', 'height', 'border', 'cellpadding', 'cellspacing', 'size', 'wrap', 'label', 'span', 'color', 'face',
    'nowrap']);
  const VOID = new Set(['br', 'hr', 'img', 'input', 'col', 'wbr']);
  // U+0001 to U+0006 are marks of ours.
  const plain = (text) => text.replace(/[\u0001-\u0006]/g, '');
  const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\u00a0/g, '&nbsp;');
  const quoted = (text) => escape(text).replace(/"/g, '&quot;');
  const low = innerHeight;

  // Whether anything of an element is on the first screen; what is below needs no code.
  const reaches = (el, style) => {
    if (style.display === 'none' || style.visibility === 'collapse') return false;
    if (style.display === 'contents') return true;
    const box = el.getBoundingClientRect();
    if (box.top < low && box.bottom > 0 && box.left < innerWidth && box.right > 0 && box.width > 0 && box.height > 0) {
      return true;
    }
    // What has no size itself may hold what has; what lies above or beside still takes room.
    return box.top < low && (style.position === 'static' || style.position === 'relative') && el.childElementCount > 0
      && [...el.children].some((child) => reaches(child, getComputedStyle(child)));
  };
  const invisible = (el, style) => style.visibility !== 'visible' && ![...el.querySelectorAll('*')]
    .some((child) => getComputedStyle(child).visibility === 'visible');

  const kept = new Map(); // element to its number
  const places = [];
  const grounds = [];
  let size = 0;
  const picture = (el, style) => {
    const box = el.getBoundingClientRect();
    if (box.width < 1 || box.height < 1) return '';
    places.push([box.left, box.top, box.right, box.bottom]);
    kept.set(el, kept.size);
    // `svg` and the like may be named by rules: the place of a picture gets all that matters in its style attribute.
    const flow = ['margin', 'position', 'float', 'vertical-align', 'display', 'border-radius', 'flex', 'align-self', 'inset',
      'grid-area', 'transform', 'opacity', 'z-index', 'order'];
    const usual = { margin: '0px', position: 'static', float: 'none', 'vertical-align': 'baseline', display: 'inline',
      'border-radius': '0px', flex: '0 1 auto', 'align-self': 'auto', inset: 'auto', 'grid-area': 'auto', transform: 'none',
      opacity: '1', 'z-index': 'auto', order: '0' };
    const told = flow.map((name) => [name, style.getPropertyValue(name)])
      .filter(([name, value]) => value && value !== usual[name] && !(name === 'inset' && style.position === 'static'));
    const round = (number) => Math.round(number * 10) / 10;
    const css = [`background:\u0005${places.length - 1}\u0006`, `width:${round(el.offsetWidth ?? box.width)}px`, `height:${round(el.offsetHeight ?? box.height)}px`,
      ...told.map(([name, value]) => `${name}:${value}`)].join(';');
    const alt = plain(el.getAttribute('alt') ?? el.getAttribute('aria-label') ?? '');
    return `<img src="PLACEHOLDER" alt="${quoted(alt)}" style="${quoted(css)}">`;
  };
  const attributes = (el, tag, style) => {
    let text = '';
    const own = closed.length ? computed(el, style) : declarations(el.style);
    const css = [own, painted(el, style)].filter(Boolean).join(';');
    if (css) text += ` style="${quoted(css)}"`;
    for (const { name, value: raw } of el.attributes) {
      const value = plain(raw);
      if (name === 'class') {
        text += ` class="\u0001${value.trim().split(/\s+/).join(' ')}\u0002"`;
      } else if (name === 'id') text += ` id="\u0003${value}\u0004"`;
      else if (name === 'href' && tag === 'a') text += ' href="#"';
      else if (KEPT.has(name) || (name.startsWith('aria-') && named.has(name)) || named.has(name)) {
        text += value ? ` ${name}="${quoted(value)}"` : ` ${name}`;
      }
    }
    if (tag === 'input' && el.type !== 'password' && el.value && el.value !== el.getAttribute('value')) {
      text = `${text.replace(/ value="[^"]*"/, '')} value="${quoted(plain(el.value))}"`;
    }
    if (tag === 'input' && el.checked && !el.hasAttribute('checked')) text += ' checked';
    return text;
  };

  // Attributes that selectors name, beside classes and ids.
  const named = new Set();
  const closed = [];
  const rules = []; // [selectors, text of declarations]
  const sheetRules = (list) => {
    for (const rule of list) {
      if (rule instanceof CSSStyleRule) rules.push(rule);
      else if (rule instanceof CSSMediaRule) {
        if (matchMedia(rule.conditionText ?? rule.media.mediaText).matches) sheetRules(rule.cssRules);
      } else if (rule instanceof CSSImportRule) {
        try {
          if (rule.styleSheet && matchMedia(rule.media.mediaText || 'all').matches) sheetRules(rule.styleSheet.cssRules);
        } catch { closed.push(null); }
      } else if (rule.cssRules && (rule instanceof CSSSupportsRule ? CSS.supports(rule.conditionText) : !(rule instanceof CSSKeyframesRule))) {
        sheetRules(rule.cssRules);
      }
    }
  };
  for (const sheet of [...document.styleSheets, ...document.adoptedStyleSheets]) {
    if (sheet.disabled || (sheet.media?.mediaText && !matchMedia(sheet.media.mediaText).matches)) continue;
    try { sheetRules(sheet.cssRules); } catch { closed.push(sheet); }
  }
  // A sheet that was not loaded, or only names fonts, may not be read either; without it nothing changes.
  const looks = () => {
    let told = '';
    for (const el of [...document.querySelectorAll('body *')].slice(0, 4000)) {
      const { x, y, width, height } = el.getBoundingClientRect();
      const { color, backgroundColor, fontSize } = getComputedStyle(el);
      told += [x, y, width, height, color, backgroundColor, fontSize].join(' ');
    }
    return told;
  };
  if (closed.length) {
    const before = looks();
    for (const sheet of closed.splice(0)) {
      if (sheet) sheet.disabled = true;
      if (!sheet || looks() !== before) closed.push(sheet);
      if (sheet) sheet.disabled = false;
    }
  }
  if (closed.length) rules.length = 0;
  for (const rule of rules) {
    for (const [, name] of rule.selectorText.matchAll(/\[\s*([\w-]+)/g)) if (!/^(class|id|style|href|src)$/.test(name)) named.add(name);
  }

  // What an element looks like beside what all do after RESET, for pages with sheets that may not be read.
  const RESET = '*{margin:0;padding:0;border:0;box-sizing:border-box;font:inherit;color:inherit;text-decoration:none;'
    + 'list-style:none;background:none;text-indent:inherit}';
  const INHERITED = ['color', 'font-family', 'font-size', 'font-weight', 'font-style', 'line-height', 'text-align',
    'text-transform', 'letter-spacing', 'white-space', 'direction', 'list-style-type', 'visibility', 'border-collapse'];
  const OWN = { 'background-color': 'rgba(0, 0, 0, 0)', position: 'static', float: 'none', clear: 'none', margin: '0px',
    padding: '0px', 'border-top': '0px', 'border-right': '0px', 'border-bottom': '0px', 'border-left': '0px',
    'border-radius': '0px', 'vertical-align': 'baseline', opacity: '1', overflow: 'visible', transform: 'none',
    'z-index': 'auto', 'box-shadow': 'none', 'flex-direction': 'row', 'flex-wrap': 'nowrap', 'justify-content': 'normal',
    'align-items': 'normal', gap: 'normal', flex: '0 1 auto', 'text-decoration-line': 'none', inset: 'auto',
    'grid-template-columns': 'none', 'grid-area': 'auto', 'text-overflow': 'clip', order: '0' };
  const computed = (el, style) => {
    const parent = el.parentElement && getComputedStyle(el.parentElement);
    const out = [`display:${style.display}`];
    for (const name of INHERITED) {
      const value = style.getPropertyValue(name);
      if (value !== parent?.getPropertyValue(name)) out.push(`${name}:${value}`);
    }
    for (const [name, initial] of Object.entries(OWN)) {
      const value = style.getPropertyValue(name);
      if (value && value !== initial && !(name.startsWith('border-') && value.startsWith('0px')) && !(name === 'inset' && style.position === 'static')) out.push(`${name}:${value}`);
    }
    if (!/^(inline|contents|table-(row|row-group|header-group))$/.test(style.display)) {
      const box = el.getBoundingClientRect();
      const up = (side) => Math.ceil(side * 100) / 100;
      out.push(`width:${up(box.width)}px`, `height:${up(box.height)}px`);
    }
    return out.join(';');
  };
  // Declarations as text, without what needs the network or moves, and without what variables nobody uses say.
  function declarations(style) {
    const out = [];
    for (const part of splitDeclarations(style.cssText)) {
      const [name, value] = part;
      if (/^(animation|transition|cursor|will-change|pointer-events|user-select|-webkit-tap|-webkit-text-size|-webkit-user|text-rendering|-webkit-font-smoothing|scroll|touch-action|outline)/.test(name)) continue;
      if (name === 'content' && /url\(/.test(value)) continue;
      if (/url\(/.test(value)) {
        const plainer = value.replace(/url\((?:"[^"]*"|'[^']*'|[^)]*)\)/g, 'none');
        if (name === 'background') out.push(`background:${plainer.replace(/\bnone\b.*/, '').trim() || 'none'}`);
        continue;
      }
      out.push(`${name}:${value}`);
    }
    return out.join(';');
  }
  function splitDeclarations(text) {
    const parts = [];
    let [depth, quote, from] = [0, '', 0];
    for (let at = 0; at <= text.length; at++) {
      const letter = text[at];
      if (quote) { if (letter === quote) quote = ''; continue; }
      if (letter === '"' || letter === "'") quote = letter;
      else if (letter === '(') depth++;
      else if (letter === ')') depth--;
      else if ((letter === ';' && !depth) || letter === undefined) {
        const part = text.slice(from, at).trim();
        from = at + 1;
        const colon = part.indexOf(':');
        if (colon > 0) parts.push([part.slice(0, colon).trim(), part.slice(colon + 1).trim()]);
      }
    }
    return parts;
  }

  // Pictures that style sheets paint are places, too: only their colour is known.
  const painted = (el, style) => {
    if (!/url\(/.test(style.backgroundImage)) return '';
    const box = el.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) return '';
    grounds.push([box.left, box.top, box.right, box.bottom]);
    return `background:\u0006${grounds.length - 1}\u0005`;
  };

  const write = (node, depth) => {
    if (size > bounds.most * 3 || depth > 120) return '';
    if (node.nodeType === 3) {
      size += node.data.length;
      const data = plain(node.data);
      return escape(/^(pre|pre-wrap|pre-line|break-spaces)/.test(getComputedStyle(node.parentElement).whiteSpace)
        ? data : data.replace(/\s+/g, ' '));
    }
    if (node.nodeType !== 1) return '';
    const tag = node.localName;
    if (SKIP.has(tag)) return '';
    const style = getComputedStyle(node);
    const cell = /^(table|td|th|tr|tbody|thead|tfoot|colgroup|col|option|optgroup)/.test(tag);
    if (!cell && tag !== 'br' && tag !== 'wbr' && !reaches(node, style)) return '';
    if (style.display === 'none' && tag !== 'option' && tag !== 'optgroup') return '';
    if (cell && tag === 'tr' && node.getBoundingClientRect().top > low) return '';
    if (invisible(node, style) && tag !== 'option' && (style.position === 'absolute' || style.position === 'fixed')) return '';
    if (PICTURES.has(tag)) {
      const shown = tag === 'picture' ? node.querySelector('img') : node;
      return shown ? picture(shown, getComputedStyle(shown)) : '';
    }
    kept.set(node, kept.size);
    const open = `<${tag}${attributes(node, tag, style)}>`;
    size += open.length;
    if (VOID.has(tag)) return open;
    const from = node.shadowRoot ?? node;
    let inner = '';
    for (const child of from.childNodes) inner += write(child, depth + 1);
    if (tag === 'textarea') inner = escape(plain(node.value));
    return `${open}${inner}</${tag}>`;
  };
  kept.set(document.documentElement, 0);
  const root = document.documentElement;
  let body = document.body ? write(document.body, 0) : '';
  if (size > bounds.most * 3) return { long: size };

  // Rules of which a selector matches something that is kept. Marks keep the selectors' matching as cheap as a query.
  const stands = (selector) => {
    const bare = selector.replace(/::?(before|after|marker|placeholder|first-line|first-letter|selection|backdrop|-webkit-[\w-]+|-moz-[\w-]+|-ms-[\w-]+)(\([^)]*\))?/g, '');
    if (/::?(selection|backdrop|-moz-|-ms-)/.test(selector)) return false;
    if (/:(hover|focus|active|visited|focus-within|focus-visible|target)\b/.test(bare)) return false;
    if (/(::?-webkit-)/.test(selector) && !/-webkit-(search|inner|outer)/.test(selector)) return false;
    try {
      for (const el of document.querySelectorAll(bare.trim() || '*')) if (kept.has(el) && !PICTURES.has(el.localName)) return true;
    } catch { return false; }
    return false;
  };
  const split = (selectors) => {
    const parts = [];
    let [depth, from] = [0, 0];
    for (let at = 0; at <= selectors.length; at++) {
      const letter = selectors[at];
      if (letter === '(' || letter === '[') depth++;
      else if (letter === ')' || letter === ']') depth--;
      else if ((letter === ',' && !depth) || letter === undefined) {
        parts.push(selectors.slice(from, at).trim());
        from = at + 1;
      }
    }
    return parts;
  };
  let css = [];
  for (const rule of rules) {
    const selectors = split(rule.selectorText).filter(stands);
    const text = selectors.length ? declarations(rule.style) : '';
    if (text) css.push([selectors.join(','), text]);
  }
  // Variables that are used, and what those use.
  const used = new Set();
  const use = (text) => {
    for (const [, name] of text.matchAll(/var\(\s*(--[\w-]+)/g)) {
      if (used.has(name)) continue;
      used.add(name);
      for (const [, more] of css) {
        for (const [own, value] of splitDeclarations(more)) if (own === name) use(value);
      }
    }
  };
  const real = ([name]) => !name.startsWith('--');
  for (const [, text] of css) use(splitDeclarations(text).filter(real).map(([, value]) => value).join(' '));
  use(body);
  css = css.map(([selectors, text]) => [selectors, splitDeclarations(text)
    .filter(([name]) => !name.startsWith('--') || used.has(name)).map(([name, value]) => `${name}:${value}`).join(';')])
    .filter(([, text]) => text);
  if (closed.length) css.push([RESET.slice(0, RESET.indexOf('{')), RESET.slice(RESET.indexOf('{') + 1, -1)]);
  const sheet = css.map(([selectors, text]) => `${selectors}{${text}}`).join('\n');
  // Classes and ids that no rule names say nothing.
  const names = (sign) => new Set(Array.from(sheet.matchAll(sign === '.' ? /\.((?:[\w-]|\\.|[^\x00-\x7f])+)/g : /#((?:[\w-]|\\.|[^\x00-\x7f])+)/g), ([, name]) => name.replace(/\\(.)/g, '$1')));
  const [knownClasses, knownIds] = [names('.'), names('#')];
  const partial = /\[\s*class\s*[*^$~|]?=/.test(sheet);
  const clean = (text) => text
    .replace(/ class="\u0001([^\u0002]*)\u0002"/g, (_, list) => {
      const left = partial ? list : list.split(' ').filter((name) => knownClasses.has(name)).join(' ');
      return left ? ` class="${quoted(left)}"` : '';
    })
    .replace(/ id="\u0003([^\u0004]*)\u0004"/g, (_, id) => (knownIds.has(id) || text.includes(`for="${id}"`) ? ` id="${quoted(id)}"` : ''));
  const top = clean(attributes(root, 'html', getComputedStyle(root)));
  body = clean(body).replace(/[ \t]*\n\s*/g, '\n');
  const mode = document.compatMode === 'CSS1Compat' ? '<!DOCTYPE html>\n' : '';
  const told = document.querySelector('meta[name=viewport i]')?.content;
  const device = told ? `<meta name="viewport" content="${quoted(plain(told))}">\n` : '';
  const title = escape(document.title.replace(/\s+/g, ' ').trim());
  const html = `${mode}<html${top}>\n<head>\n<meta charset="utf-8">\n${device}<title>${title}</title>\n<style>\n${sheet}\n</style>\n</head>\n${body}\n</html>\n`;
  // Phones show pages that were not made for them smaller.
  const { scale, offsetLeft, offsetTop } = visualViewport;
  const onScreen = (boxes) => boxes.map(([left, top, right, bottom]) => [(left - offsetLeft) * scale, (top - offsetTop) * scale,
    (right - offsetLeft) * scale, (bottom - offsetTop) * scale]);
  return { html, places: onScreen(places), grounds: onScreen(grounds) };
})
