// Reading a Factur-X file back, as an accountant's program would: a real parser, and XPath with the
// four prefixes of the format. Tests ask for values by the words of the norm's syntax binding, so
// they do not care how the file was written.

import { XmlDocument } from 'libxml2-wasm';

const NAMESPACES = {
  rsm: 'urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100',
  ram: 'urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100',
  qdt: 'urn:un:unece:uncefact:data:standard:QualifiedDataType:100',
  udt: 'urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100',
};

/** The texts of all nodes at each XPath, in document order, under the names given to the paths. */
export function readFacturX<const K extends string>(
  xml: string,
  paths: Readonly<Record<K, string>>,
): Readonly<Record<K, readonly string[]>> {
  const document = XmlDocument.fromString(xml);
  try {
    const found = Object.entries<string>(paths).map(([name, path]) => [
      name,
      document.find(path, NAMESPACES).map((node) => node.content),
    ]);
    return Object.fromEntries(found);
  } finally {
    document.dispose();
  }
}

/** The texts of all nodes at one XPath. Throws when the text is not well-formed XML. */
export function facturXValues(xml: string, path: string): readonly string[] {
  return readFacturX(xml, { values: path }).values;
}
