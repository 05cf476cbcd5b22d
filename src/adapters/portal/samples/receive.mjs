// Node 20 ou plus récent, sans dépendance : node receive.mjs
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const { COMPTAPPART_SECRET, COMPTAPPART_API_KEY, PORT = '3000' } = process.env;
const secret = Buffer.from(COMPTAPPART_SECRET.replace('whsec_', ''), 'base64');
const orders = new Map(); // votre base de données

function isSigned(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp } = headers;
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!id || !(age <= 300)) return false; // trop vieux : un appel rejoué
  const expected = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest();
  // Deux signatures pendant un changement de secret : une seule suffit.
  return (headers['webhook-signature'] ?? '').split(' ').some((signature) => {
    const given = Buffer.from(signature.replace('v1,', ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function isKnown(key) {
  const [given, expected] = [Buffer.from(key ?? ''), Buffer.from(COMPTAPPART_API_KEY)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function receive(headers, body) {
  if (COMPTAPPART_API_KEY && !isKnown(headers['x-api-key'])) return [401, 'clé inconnue'];
  if (!isSigned(headers, body)) return [401, 'signature fausse'];
  let event;
  try {
    event = JSON.parse(body.toString('utf8'));
  } catch {
    return [400, 'JSON illisible'];
  }
  if (event.event_type !== 'order.created') return [400, 'type inconnu'];
  // La même commande peut venir deux fois : la seconde ne fait rien.
  if (orders.has(event.order_id)) return [200, 'déjà reçue'];
  orders.set(event.order_id, event); // d'abord enregistrer, le travail long ensuite
  return [200, 'reçue'];
}

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const [status, message] = receive(request.headers, Buffer.concat(chunks));
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ message }));
}).listen(Number(PORT));
