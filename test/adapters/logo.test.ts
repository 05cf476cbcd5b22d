import { describe, expect, test } from 'vitest';
import { checkLogo, LOGO_BYTES_MAX } from '#adapters/logo.ts';
import { png, pngChunk, pngLogo, svgLogo } from '../support/invoices.ts';

const SVG = 'http://www.w3.org/2000/svg';
const XLINK = 'http://www.w3.org/1999/xlink';

function svg(inside: string, attributes = ''): Buffer {
  return Buffer.from(`<svg xmlns="${SVG}" xmlns:xlink="${XLINK}" ${attributes}>${inside}</svg>`);
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
    ['a picture inside', '<image href="data:image/png;base64,AAAA"/>'],
    ['a style sheet', '<style><![CDATA[.a{fill:#0b7a75}]]></style>'],
    ['words, with predefined entities', '<text x="1">A &amp; B &#233;</text>'],
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
    ['a PNG without size', png(0, 1, rows), '0 × 1 pixels'],
    ['a PNG cut short', png(1, 1, rows).subarray(0, -6), 'abîmé'],
    ['a PNG with a changed byte', png(1, 1, rows).fill(7, 20, 21), 'abîmé'],
    ['a PNG without pixels', png(1, 1, rows).subarray(0, 8), 'abîmé'],
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
    ['a style sheet instruction', '<?xml-stylesheet href="x.css"?>', 'instruction'],
    ['tags that cross', '<g><path></g></path>', 'bien formé'],
    ['an attribute without quotes', '<path d=M0/>', 'bien formé'],
    ['a tag left open', '<g>', 'bien formé'],
  ])('%s', (_, inside, words) => {
    expect(() => checkLogo(svg(inside))).toThrow(
      words.replaceAll(' »', '\u00A0»').replace('« ', '«\u00A0'),
    );
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
});
