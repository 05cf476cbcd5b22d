import { describe, expect, test } from 'vitest';
import { checkLogo, LOGO_BYTES_MAX } from '#adapters/logo.ts';
import { png, pngChunk, pngLogo, svgLogo } from '../support/invoices.ts';

const SVG = 'http://www.w3.org/2000/svg';
const XLINK = 'http://www.w3.org/1999/xlink';

function svg(inside: string, attributes = ''): Buffer {
  return Buffer.from(`<svg xmlns="${SVG}" xmlns:xlink="${XLINK}" ${attributes}>${inside}</svg>`);
}

/** The beginning of a JPEG of that size, in base64: a comment, then the frame's header. */
function jpeg(width: number, height: number): string {
  const frame = Buffer.from('ffd8fffe0004616bffc00011080000000003', 'hex');
  frame.writeUInt16BE(height, 13);
  frame.writeUInt16BE(width, 15);
  return frame.toString('base64');
}

describe('accepted', () => {
  test('a PNG and an SVG, known by their content', () => {
    expect(checkLogo(pngLogo().bytes).mediaType).toBe('image/png');
    expect(checkLogo(svgLogo.bytes).mediaType).toBe('image/svg+xml');
  });

  test.each([
    ['a document type without declarations', `<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x">`],
    ['a byte order mark and a comment', '\uFEFF<!-- made by hand -->\n'],
  ])('%s', (_, before) => {
    expect(checkLogo(Buffer.from(`${before}${svg('<path d="M0 0"/>')}`)).mediaType).toContain(
      'svg',
    );
  });

  test.each([
    ['a gradient by reference', '<rect fill="url(#g)"/><use xlink:href="#g"/>'],
    [
      'a picture inside',
      `<image href="data:image/png;base64,${png(1, 1, Buffer.alloc(5)).toString('base64')}"/>`,
    ],
    ['a style sheet', '<style><![CDATA[.a{fill:#0b7a75}]]></style>'],
    ['words, with predefined entities', '<text x="1">A &amp; B &#233;</text>'],
    ['two shapes that share one', '<g id="a"><path/></g><use href="#a"/><use href="#a"/>'],
    ['a class with a mask', '<style>.a{mask:url(#m)}</style><mask id="m"/><g class="a"/>'],
    ['a JPEG inside', `<image href="data:image/jpeg;base64,${jpeg(600, 200)}"/>`],
    ['a class without an effect', '<style>.a{filter:none}</style><g class="a"/>'],
    ['a drawing program’s own data', '<metadata><rdf:RDF xmlns:rdf="x"/></metadata>'],
  ])('%s', (_, inside) => {
    expect(checkLogo(svg(inside)).mediaType).toBe('image/svg+xml');
  });
});

describe('refused, with a sentence', () => {
  test.each([
    ['neither PNG nor SVG', Buffer.from('GIF89a'), 'une image PNG ou SVG'],
    ['empty', Buffer.alloc(0), 'une image PNG ou SVG'],
    ['too heavy', Buffer.alloc(LOGO_BYTES_MAX + 1), 'au plus 512'],
    ['a web page', Buffer.from('<html></html>'), 'xmlns absent'],
    ['not UTF-8', Buffer.from([...svg(''), 0x3c, 0xff]), 'UTF-8'],
  ])('%s', (_, bytes, words) => {
    expect(() => checkLogo(bytes)).toThrow(words);
  });

  const rows = Buffer.alloc(5);
  test.each([
    ['an animated PNG', png(1, 1, rows, [pngChunk('acTL', Buffer.alloc(8))]), 'animée'],
    ['a PNG of absurd size', png(30_000, 1, rows), '30000 × 1 pixels'],
    ['a PNG of 25 million pixels', png(5000, 5000, rows), '2000 × 2000 suffisent'],
    ['a PNG without size', png(0, 1, rows), 'abîmée'],
    ['a PNG cut short', png(1, 1, rows).subarray(0, -6), 'abîmée'],
    ['a PNG with a changed byte', png(1, 1, rows).fill(7, 20, 21), 'abîmée'],
    ['a PNG without pixels', png(1, 1, rows).subarray(0, 8), 'abîmée'],
  ])('%s', (_, bytes, words) => {
    expect(() => checkLogo(bytes)).toThrow(words);
  });

  test.each([
    ['a script', '<script>alert(1)</script>', '« script »'],
    [
      'a script by another name',
      '<x:script xmlns:x="http://www.w3.org/1999/xhtml"/>',
      '« script »',
    ],
    ['foreign markup', '<foreignObject><p/></foreignObject>', '« foreignobject »'],
    ['an event', '<path onclick="x()"/>', '« onclick »'],
    ['a movement', '<animate attributeName="x"/>', 'animé'],
    ['an address', '<image href="https://tracker.example/p.png"/>', 'extérieur'],
    ['an address in single quotes', "<use xlink:href='//x.example/#a'/>", 'extérieur'],
    ['an address in a style', '<path style="fill:url(http://x.example/a)"/>', 'extérieur'],
    ['an import', '<style>@import "x.css";</style>', 'extérieur'],
    ['a disguised import', String.raw`<style>@\69mport "x.css";</style>`, 'extérieur'],
    ['an SVG within', '<image href="data:image/svg+xml;base64,AAAA"/>', 'extérieur'],
    ['an entity', '<text>&secret;</text>', 'entités'],
    ['letters that no typeface here has', '<text>王</text>', 'tracés'],
    ['such letters in character references', '<text><tspan>&#x738b;</tspan></text>', 'tracés'],
    ['a style sheet instruction', '<?xml-stylesheet href="x.css"?>', 'instruction'],
    ['tags that cross', '<g><path></g></path>', 'bien formé'],
    ['an attribute without quotes', '<path d=M0/>', 'bien formé'],
    ['a tag left open', '<g>', 'bien formé'],
    ['two addresses at once', '<use href="#a" xlink:href="#b"/>', 'bien formé'],
    ['an entity that is a property of objects', '<text>&constructor;</text>', 'entités'],
    ['an address in character references', '<g fill="&#117;rl(&#x2f;/x.example)"/>', 'extérieur'],
    ['an address in an image set', `<g style="x:image-set('//x.example' 1x)"/>`, 'extérieur'],
    ['a base that moves references out', '<g xml:base="//x.example/"/>', 'extérieur'],
    ['a typeface in a style sheet', '<style>@font-face{src:url(data:font/x)}</style>', 'extérieur'],
    ['a movement in a style sheet', '<style>@keyframes a{to{x:1}}</style>', 'animé'],
    ['a movement in a style', '<path style="animation:a 1s"/>', 'animé'],
    ['an effect by a style', '<g style="filter: blur(9px)"/>', 'effet'],
    ['an effect by a class', '<style>.a{filter:blur(9px)}</style><g class="a"/>', 'effet'],
    ['an effect', '<filter id="f"><feTurbulence/></filter>', 'effet'],
    ['a shape that shows itself', '<g id="a"><use href="#a"/></g>', 'se répète'],
    ['a pattern painted with itself', '<pattern id="p"><g fill="url(#p)"/></pattern>', 'se répète'],
    ['groups nested without end', '<g>'.repeat(300) + '</g>'.repeat(300), 'se répète'],
    ['more shapes than any logo', '<path/>'.repeat(20_001), 'trop de formes'],
  ])('%s', (_, inside, words) => {
    expect(() => checkLogo(svg(inside))).toThrow(
      words.replaceAll(' »', '\u00A0»').replace('« ', '«\u00A0'),
    );
  });

  test.each([
    ['by reference', (id: string) => `<use href="#${id}"/><use href="#${id}"/>`],
    ['by a style sheet', (id: string) => `<g class="m${id}"/><g class="x m${id}"/>`],
  ])('eight lines that draw a hundred million shapes, %s', (_, twice) => {
    const ids = Array.from({ length: 27 }, (_, index) => `a${index}`);
    const rules = ids.map((id) => `.m${id}{mask:url(#${id})}`).join('');
    const groups = ids.map((id, index) => `<g id="${id}">${twice(ids[index + 1] ?? '')}</g>`);
    const bomb = svg(`<style>${rules}</style>${groups.join('')}`);
    expect(() => checkLogo(bomb)).toThrow('se répète');
  });

  test('a picture inside that promises more pixels than it may', () => {
    const picture = png(30_000, 1, Buffer.alloc(5)).toString('base64');
    const drawing = svg(`<image href="data:image/png;base64,${picture}"/>`);
    expect(() => checkLogo(drawing)).toThrow('30000 × 1 pixels');
  });

  test('a JPEG inside of absurd size, or one that says none', () => {
    const shown = (data: string) => svg(`<image href="data:image/jpeg;base64,${data}"/>`);
    expect(() => checkLogo(shown(jpeg(65_000, 65_000)))).toThrow('65000 × 65000 pixels');
    expect(() => checkLogo(shown('AAAA'))).toThrow('abîmée');
  });

  test.each([
    ['masks', '<mask id="m"/>', '<g mask="url(#m)"/>', 90, 110],
    ['patterns', '<pattern id="m"/>', '<g fill="url(#m)"/>', 90, 110],
    ['layers', '', '<g opacity=".5"/>', 1900, 2100],
  ])('more %s than print within seconds', (_, before, one, few, many) => {
    expect(checkLogo(svg(before + one.repeat(few))).mediaType).toBe('image/svg+xml');
    expect(() => checkLogo(svg(before + one.repeat(many)))).toThrow('trop de formes');
  });

  test('an encoding in which the bytes would read differently', () => {
    const declared = `<?xml version="1.0" encoding="utf-7"?>${svg('')}`;
    expect(() => checkLogo(Buffer.from(declared))).toThrow('UTF-8');
  });

  test('declared entities, however many', () => {
    const bomb = `<!DOCTYPE svg [<!ENTITY a "${'x'.repeat(50)}">]><svg xmlns="${SVG}">&a;</svg>`;
    expect(() => checkLogo(Buffer.from(bomb))).toThrow('entités');
  });

  test('a malformed file of the largest size is refused at once', () => {
    const long = Buffer.from(`<svg xmlns="${SVG}" ${'a="b" '.repeat(80_000)}`);
    const started = performance.now();
    expect(() => checkLogo(long)).toThrow('bien formé');
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test('ten megabytes are refused without being read', () => {
    const started = performance.now();
    expect(() => checkLogo(Buffer.alloc(10_000_000, '<'))).toThrow('9766\u00A0ko');
    expect(performance.now() - started).toBeLessThan(100);
  });
});
