// Who buys in the pictures' shop, and what: invented people at addresses that can reach nobody, names of
// every length and spelling the pages must bear.

export type Customer = readonly [
  name: string,
  email: string,
  town: readonly [postalCode: string, city: string],
];

const RENNES = ['35000', 'Rennes'] as const;
const LYON = ['69003', 'Lyon'] as const;
const NANTES = ['44000', 'Nantes'] as const;
const LILLE = ['59800', 'Lille'] as const;

export const CUSTOMERS: readonly Customer[] = [
  ['Marthe Le Goff', 'marthe.legoff@courriel.example', RENNES],
  ['Karim Benali', 'k.benali@poste.example', LYON],
  ['Solène Kerbrat', 'solene@kerbrat.example', NANTES],
  ['Éloi Roussel', 'eloi.roussel@courriel.example', LILLE],
  ['Inès Diallo', 'ines.diallo@boite.example', LYON],
  ['Anne-Charlotte de La Rochefoucauld-Montbel', 'ac.larochefoucauld@domaine.example', NANTES],
  ['Gaspard Nguyen', 'gaspard.nguyen@poste.example', RENNES],
  ['Yasmine Fabre', 'yasmine.fabre@courriel.example', LILLE],
  ['Noé Moreau', 'noe@moreau.example', LYON],
  ['Ondine Lefèvre', 'ondine.lefevre@boite.example', NANTES],
  ['Paul-Émile Garnier', 'pe.garnier@courriel.example', RENNES],
  ['Lou Vidal', 'lou@vidal.example', LILLE],
  ['Théodora Papadakis', 'theodora.p@poste.example', LYON],
];

/** Stripe's id, the name, and the price in cents, tax in. */
export const PRODUCTS: readonly (readonly [id: string, name: string, gross: number])[] = [
  ['prod_Q2irpp', 'Déclaration de revenus fonciers', 8_900],
  ['prod_Q2comp', 'Déclaration d’impôts – Formule Complète', 9_999],
  ['prod_Q2lmnp', 'Liasse LMNP au réel – année complète', 24_900],
  ['prod_Q2bail', 'Bail meublé et état des lieux', 3_900],
  ['prod_Q2heure', 'Entretien d’une heure avec un fiscaliste', 9_900],
  ['prod_Q2ifi', 'Simulation de l’impôt sur la fortune immobilière', 14_900],
  ['prod_Q2guide', 'Guide imprimé de l’investisseur locatif', 4_990],
];
