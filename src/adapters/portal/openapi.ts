// What programs of partners rely on, as an OpenAPI 3.1 description: the call that we make to them
// (`webhooks`) and the one by which they pull. A test holds real answers and real calls against it.

import { LIMIT_DEFAULT, LIMIT_MAX, NOTIFICATIONS_PATH } from './partner-api.ts';

const INSTANT = { type: 'string', format: 'date-time', description: 'ISO 8601, UTC.' } as const;
const AMOUNT = { type: 'number', description: 'Unités entières, deux décimales au plus.' } as const;
const orNull = (type: 'string' | 'integer') => ({ type: [type, 'null'] }) as const;

const ORDER_CREATED = {
  type: 'object',
  required: ['event_type', 'event_id', 'order_id', 'timestamp', 'customer', 'order', 'invoice'],
  properties: {
    event_type: { const: 'order.created' },
    event_id: { type: 'string', description: 'L’événement Stripe à l’origine de la commande.' },
    order_id: { type: 'integer', description: 'Unique ; la clé de votre idempotence.' },
    timestamp: INSTANT,
    customer: {
      type: 'object',
      required: ['first_name', 'last_name', 'email', 'phone'],
      properties: {
        first_name: orNull('string'),
        last_name: orNull('string'),
        email: { type: 'string', format: 'email' },
        phone: { ...orNull('string'), description: 'Format international.' },
      },
    },
    order: {
      type: 'object',
      required: ['total_amount', 'currency', 'payment_date', 'products'],
      properties: {
        total_amount: { ...AMOUNT, description: 'TTC.' },
        currency: { type: 'string', pattern: '^[A-Z]{3}$' },
        payment_date: INSTANT,
        products: {
          type: 'array',
          items: {
            type: 'object',
            required: ['product_id', 'product_name', 'quantity', 'unit_price'],
            properties: {
              product_id: { type: 'string' },
              product_name: { type: 'string' },
              quantity: { type: 'integer' },
              unit_price: { ...AMOUNT, description: 'HT.' },
            },
          },
        },
      },
    },
    invoice: {
      type: 'object',
      required: ['pdf_url', 'number'],
      properties: {
        pdf_url: { type: 'string', format: 'uri', description: 'Valable 24 heures.' },
        number: { type: 'string' },
      },
    },
  },
} as const;

const NOTIFICATION = {
  type: 'object',
  required: [
    ...['id', 'event', 'order_id', 'state', 'created_at', 'delivered_at', 'next_attempt_at'],
    ...['payload', 'attempts'],
  ],
  properties: {
    id: { type: 'string', format: 'uuid', description: 'Le webhook-id de nos appels.' },
    event: { const: 'order.created' },
    order_id: { type: 'integer' },
    state: {
      enum: ['delivered', 'pending', 'refused', 'given-up'],
      description: 'Livrée, en attente, refusée (4xx), échec définitif (trois tentatives).',
    },
    created_at: INSTANT,
    delivered_at: { type: ['string', 'null'], format: 'date-time' },
    next_attempt_at: { type: ['string', 'null'], format: 'date-time' },
    payload: {
      description: 'Null une fois les données personnelles effacées.',
      oneOf: [{ $ref: '#/components/schemas/OrderCreated' }, { type: 'null' }],
    },
    attempts: {
      type: 'array',
      items: {
        type: 'object',
        required: ['number', 'started_at', 'ended_at', 'duration_ms', 'outcome', 'status_code'],
        properties: {
          number: { type: 'integer' },
          started_at: INSTANT,
          ended_at: { type: ['string', 'null'], format: 'date-time' },
          duration_ms: orNull('integer'),
          outcome: { ...orNull('string'), description: 'accepted, refused, timeout, tls, dns…' },
          status_code: orNull('integer'),
        },
      },
    },
  },
} as const;

const ERROR = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string' }, message: { type: 'string' } },
    },
  },
} as const;

const refusal = (description: string, headers: object = {}) => ({
  description,
  headers,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
});

const REFUSALS = {
  '401': refusal('Jeton absent, inconnu ou révoqué.', {
    'WWW-Authenticate': { schema: { type: 'string' } },
  }),
  '429': refusal('Trop de demandes pour ce jeton.', {
    'Retry-After': { schema: { type: 'integer' }, description: 'Secondes.' },
  }),
};

/** The document for `/docs/openapi.json`; `publicUrl` is the server's origin. */
export function openApi(publicUrl: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'ComptAppart – partenaires',
      version: '1.0.0',
      description: `Le guide en français est à ${publicUrl}/docs.`,
    },
    servers: [{ url: publicUrl }],
    security: [{ token: [] }],
    paths: {
      [NOTIFICATIONS_PATH]: { get: listOperation() },
      [`${NOTIFICATIONS_PATH}/{id}`]: { get: oneOperation() },
    },
    webhooks: { 'order.created': { post: webhookOperation() } },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { OrderCreated: ORDER_CREATED, Notification: NOTIFICATION, Error: ERROR },
    },
  };
}

function listOperation(): object {
  const page = {
    type: 'object',
    required: ['data', 'next_cursor', 'has_more'],
    properties: {
      data: { type: 'array', items: { $ref: '#/components/schemas/Notification' } },
      next_cursor: { type: 'string', description: 'À rendre tel quel dans since.' },
      has_more: { type: 'boolean', description: 'D’autres attendent déjà.' },
    },
  };
  return {
    operationId: 'listNotifications',
    summary: 'Ce qui vous a été notifié, dans l’ordre, chaque notification une fois.',
    parameters: [
      { name: 'since', in: 'query', schema: { type: 'string' } },
      {
        name: 'limit',
        in: 'query',
        schema: { type: 'integer', minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT },
      },
    ],
    responses: {
      '200': { description: 'Une page.', content: { 'application/json': { schema: page } } },
      '400': refusal('limit ou since ne se lit pas.'),
      ...REFUSALS,
    },
  };
}

function oneOperation(): object {
  const schema = { $ref: '#/components/schemas/Notification' };
  const id = { type: 'string', format: 'uuid' };
  return {
    operationId: 'getNotification',
    summary: 'Une notification, dans son état présent.',
    parameters: [{ name: 'id', in: 'path', required: true, schema: id }],
    responses: {
      '200': { description: 'La notification.', content: { 'application/json': { schema } } },
      '404': refusal('Aucune notification de ce nom chez vous.'),
      ...REFUSALS,
    },
  };
}

function webhookOperation(): object {
  const header = (name: string) => ({ name, in: 'header', schema: { type: 'string' } });
  return {
    operationId: 'orderCreated',
    summary: 'L’appel que reçoit votre serveur.',
    security: [],
    parameters: [
      ...['X-API-KEY', 'webhook-id', 'webhook-timestamp', 'webhook-signature'].map(header),
    ],
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/OrderCreated' } } },
    },
    responses: {
      '2XX': { description: 'Reçue : nous n’y revenons pas.' },
      '4XX': { description: 'Refusée : nous n’insistons pas.' },
      '5XX': { description: 'En panne : nous réessayons après 5 puis 30 minutes.' },
    },
  };
}
