// Who sells and who buys (BG-4, BG-7). The seller is always ComptAppart, a French company; of the
// buyer we know what Stripe's form asked, which may be an e-mail address and nothing else. Nothing
// is guessed but the country, and a SIREN is only named when it proves to be one.

import type { Address, Customer } from '#domain/customer.ts';
import { frenchVatNumber, isSiren, type Seller } from '#domain/seller.ts';
import {
  countryCode,
  DIRECTORY_SCHEME,
  EMAIL_SCHEME,
  euVatNumber,
  isDomestic,
  SIREN_SCHEME,
} from './codes.ts';
import { type XmlNode, xmlText } from './xml-text.ts';

/** `ram:SellerTradeParty`. */
export function sellerParty(seller: Seller): XmlNode {
  const { legalForm, capital, rcsCity, siren } = seller;
  const form = capital === null ? legalForm : `${legalForm} au capital de ${capital}`;
  return {
    'ram:Name': xmlText(seller.name),
    'ram:Description': xmlText(`${form}, RCS ${rcsCity} ${siren}`),
    'ram:SpecifiedLegalOrganization': {
      'ram:ID': { '@schemeID': SIREN_SCHEME, '#': siren },
      'ram:TradingBusinessName': xmlText(seller.tradeName),
    },
    'ram:DefinedTradeContact': {
      'ram:EmailURIUniversalCommunication': { 'ram:URIID': xmlText(seller.email) },
    },
    'ram:PostalTradeAddress': sellerAddress(seller.addressLines),
    'ram:URIUniversalCommunication': endpoint(DIRECTORY_SCHEME, siren),
    'ram:SpecifiedTaxRegistration': vatRegistration(seller.vatNumber),
  };
}

/** `ram:BuyerTradeParty`. Always has a name and a country, whatever the customer left out. */
export function buyerParty(buyer: Customer): XmlNode {
  const siren = buyerSiren(buyer);
  const vatNumber = euVatNumber(buyer.vatNumber);
  const person = xmlText(buyer.name);
  const business = xmlText(buyer.businessName);
  const email = xmlText(buyer.email);
  return {
    'ram:Name': business ?? person ?? email,
    'ram:SpecifiedLegalOrganization':
      siren === null ? null : { 'ram:ID': { '@schemeID': SIREN_SCHEME, '#': siren } },
    'ram:DefinedTradeContact':
      business === null
        ? null
        : {
            'ram:PersonName': person === business ? null : person,
            'ram:EmailURIUniversalCommunication': { 'ram:URIID': email },
          },
    'ram:PostalTradeAddress': buyerAddress(buyer.address),
    // BT-49 is where the invoice goes: the directory knows companies by SIREN, others have a mailbox.
    'ram:URIUniversalCommunication':
      siren === null ? endpoint(EMAIL_SCHEME, email) : endpoint(DIRECTORY_SCHEME, siren),
    'ram:SpecifiedTaxRegistration': vatNumber === null ? null : vatRegistration(vatNumber),
  };
}

/**
 * The SIREN inside the buyer's French VAT number, or null unless both keys hold: Luhn's on the SIREN
 * and, where it is digits, the number's own.
 */
export function buyerSiren(buyer: Customer): string | null {
  const number = euVatNumber(buyer.vatNumber);
  const [, key, siren] = /^FR([0-9A-Z]{2})(\d{9})$/.exec(number ?? '') ?? [];
  if (key === undefined || siren === undefined || !isSiren(siren)) return null;
  return /^\d\d$/.test(key) && frenchVatNumber(siren) !== number ? null : siren;
}

/**
 * What the sale is for e-invoicing (note BAR): a French company with its SIREN gets an electronic
 * invoice (B2B), the others are reported. Null for a French business whose SIREN we do not have:
 * B2B without it is refused (BR-FR-11), and B2C would be untrue.
 */
export function saleScope(buyer: Customer): 'B2B' | 'B2BINT' | 'B2C' | 'B2CINT' | null {
  if (buyerSiren(buyer) !== null) return 'B2B';
  const vatNumber = euVatNumber(buyer.vatNumber);
  if (vatNumber !== null && !vatNumber.startsWith('FR')) return 'B2BINT';
  const domestic = isDomestic(countryCode(buyer.address?.country ?? null));
  if (buyer.businessName !== null || buyer.vatNumber !== null) return domestic ? null : 'B2BINT';
  return domestic ? 'B2C' : 'B2CINT';
}

function buyerAddress(address: Address | null): XmlNode {
  return {
    'ram:PostcodeCode': xmlText(address?.postalCode ?? null),
    'ram:LineOne': xmlText(address?.line1 ?? null),
    'ram:LineTwo': xmlText(address?.line2 ?? null),
    'ram:CityName': xmlText(address?.city ?? null),
    'ram:CountryID': countryCode(address?.country ?? null),
    'ram:CountrySubDivisionName': xmlText(address?.state ?? null),
  };
}

// SELLER_FILE gives the address as printed lines. One of them is « 37000 Tours »; the others go into
// the norm's three lines as they are.
function sellerAddress(lines: readonly string[]): XmlNode {
  const town = lines.map((line) => /^(\d{5})\s+(.+)$/.exec(line)).findLast((it) => it !== null);
  const others = lines.filter((line) => line !== town?.[0] && !/^france$/i.test(line.trim()));
  return {
    'ram:PostcodeCode': town?.[1] ?? null,
    'ram:LineOne': xmlText(others[0] ?? null),
    'ram:LineTwo': xmlText(others[1] ?? null),
    'ram:LineThree': xmlText(others.slice(2).join(', ')),
    'ram:CityName': xmlText(town?.[2] ?? null),
    'ram:CountryID': 'FR',
  };
}

function endpoint(scheme: string, address: string | null): XmlNode {
  return { 'ram:URIID': { '@schemeID': scheme, '#': address } };
}

function vatRegistration(number: string): XmlNode {
  return { 'ram:ID': { '@schemeID': 'VA', '#': number } };
}
