// The judges of our Factur-X files: the XML schema (libxml2), and the published business rules of
// EN 16931 and of France, which are Schematron files read as they are. Nothing of the rules is
// copied here; what stands here makes two libraries run them as their authors meant.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { evaluateXPathToBoolean } from 'fontoxpath';
import { XmlDocument, XmlValidateError, XsdValidator } from 'libxml2-wasm';
import { xmlRegisterFsInputProviders } from 'libxml2-wasm/lib/nodejs.mjs';
import { registerCustomXPathFunction, Schema } from 'node-schematron';

/** The faults of an XML text, the empty list if it has none. */
export type Judge = (xml: string) => readonly string[];

xmlRegisterFsInputProviders();

/** The schema that a development dependency brings, so that it is on every machine. */
export const installedSchema = fileURLToPath(
  new URL(
    '../../node_modules/@stackforge-eu/factur-x/schema/en16931/FACTUR-X_EN16931.xsd',
    import.meta.url,
  ),
);

/** A judge by the XML schema at that path; a fault is libxml2's sentence. */
export function schemaJudge(path: string): Judge {
  const schema = XmlDocument.fromBuffer(readFileSync(path), { url: path });
  const validator = XsdValidator.fromDoc(schema);
  return (xml) => {
    const document = XmlDocument.fromString(xml);
    try {
      validator.validate(document);
      return [];
    } catch (error) {
      if (!(error instanceof XmlValidateError)) throw error;
      return [error.message];
    } finally {
      document.dispose();
    }
  };
}

/** A judge by the Schematron rules at that path; a fault is the name of a rule, `BR-CO-10`. */
export function rulesJudge(path: string): Judge {
  const text = readFileSync(path, 'utf8');
  defineFunctions(text);
  const schema = Schema.fromString(text);
  for (const pattern of schema.patterns) {
    for (const rule of pattern.rules) {
      rule.context = relative(rule.context);
      inlineVariables(rule);
    }
  }
  return (xml) =>
    schema.validateString(xml, { debug: false }).map(({ assertId }) => assertId ?? 'unnamed');
}

// node-schematron looks for `//(context)`. A context that is absolute itself is then sought from
// every node again, which takes minutes for sixty lines; without its root it means the same there.
function relative(context: string): string {
  return context.replace(/(^|\|)\s*\/\/?/g, '$1 ');
}

type Rule = Schema['patterns'][number]['rules'][number];

// node-schematron hands the nodes of a `let` on as one array, in which XPath cannot look further.
// The expression in the place of its name gives the nodes themselves.
function inlineVariables(rule: Rule): void {
  const known = new Map<string, string>();
  const inlined = (xpath: string) =>
    xpath.replace(/\$([\w-]+)/g, (name, key: string) => known.get(key) ?? name);
  for (const { name, value } of rule.variables) known.set(name, `(${inlined(value)})`);
  rule.variables.length = 0;
  for (const assert of rule.asserts) {
    assert.test = inlined(assert.test);
    assert.message = [];
  }
}

const XSL = { xsl: 'http://www.w3.org/1999/XSL/Transform' };
const PREFIXES: Readonly<Record<string, string>> = {
  custom: 'http://www.example.org/custom',
  rsm: 'urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100',
  ram: 'urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100',
};

// The French rules bring functions written in XSLT: parameters, variables, one result. Each is one
// XPath expression, `let $a := … return …`, and so can be what its author wrote.
function defineFunctions(text: string): void {
  const document = XmlDocument.fromString(text);
  for (const node of document.find('//xsl:function', XSL)) {
    const under = (path: string) => node.find(path, XSL).map((it) => it.content);
    const parameters = under('xsl:param/@name');
    const values = under('xsl:variable/@select');
    const lets = under('xsl:variable/@name').map((name, i) => `$${name} := (${values[i]})`);
    const [result = ''] = under('xsl:sequence/@select');
    const body = lets.length === 0 ? result : `let ${lets.join(', ')} return (${result})`;
    // Variables of theirs with a prefix clash with nothing once they have none.
    const expression = body.replaceAll('$custom:', '$');
    registerCustomXPathFunction(
      { namespaceURI: PREFIXES.custom as string, localName: localName(under('@name')[0] ?? '') },
      under('xsl:param/@as'),
      'xs:boolean',
      (_dynamicContext: unknown, ...values: readonly unknown[]) =>
        evaluateXPathToBoolean(
          expression,
          null,
          null,
          Object.fromEntries(parameters.map((name, index) => [name, values[index]])),
          { namespaceResolver: (prefix) => PREFIXES[prefix] ?? null },
        ),
    );
  }
  document.dispose();
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
