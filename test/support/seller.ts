// The seller of the tests.

import type { Seller } from '#domain/seller.ts';

export function sampleSeller(overrides: Partial<Seller> = {}): Seller {
  return {
    tradeName: 'Service Fiscalité – ComptAppart',
    name: 'ComptAppart',
    legalForm: 'SAS',
    capital: '10 000 €',
    addressLines: ['3 place du Test', '69001 Lyon'],
    siren: '100000009',
    rcsCity: 'Lyon',
    vatNumber: 'FR88100000009',
    email: 'contact@comptappart.example',
    termsUrl: 'https://comptappart.example/cgv',
    mediator: null,
    vatOnDebits: false,
    ...overrides,
  };
}
