// What stands in LISEZ-MOI.txt of an archive: how to check it with tools that every machine has, ten
// years from now, without us.

/** French, for the accountant or the inspector who opens the archive. */
export function readmeText(year: number, fingerprint: string): string {
  return `Archive des factures et avoirs émis en ${year}

documents/   le texte de chaque document, tel qu’il est entré dans la chaîne d’empreintes
pdf/         le PDF envoyé au client, octet pour octet
factur-x/    le XML Factur-X que contient ce PDF
manifest.jsonl   une ligne par document : numéro, date, empreintes
chain.json       l’empreinte à laquelle le premier document de chaque série est chaîné
SHA256SUMS       l’empreinte sha256 de chaque fichier
SEAL.txt         le sceau : qui, quelle année, combien, et l’empreinte de SHA256SUMS
SEAL.sig         sa signature Ed25519
public-key.pem   la clé publique qui la vérifie

Vérifier avec ComptAppart :
  comptappart archive verify <ce fichier ou ce dossier>

Vérifier sans lui, dans ce dossier :
  sha256sum --quiet -c SHA256SUMS
  sha256sum SHA256SUMS            doit être ce que dit SEAL.txt
  openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in SEAL.txt -sigfile SEAL.sig

La clé est la bonne si son empreinte est celle qui a été notée à la création de l’archive :
  ${fingerprint}
  (sha256 de « openssl pkey -pubin -in public-key.pem -outform DER », ses 40 premiers chiffres)

La chaîne : pour chaque série, dans l’ordre des numéros, empreinte = sha256 (empreinte précédente,
en 64 chiffres hexadécimaux, suivie du texte). Celle du dernier numéro est dans SEAL.txt.
`;
}
