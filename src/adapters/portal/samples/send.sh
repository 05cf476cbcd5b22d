#!/usr/bin/env bash
# Appelle votre serveur comme nous le ferions : bash send.sh http://localhost:3000/commandes
set -euo pipefail
url="$1"
body='{"event_type":"order.created","event_id":"evt_1","order_id":156,"timestamp":"2025-12-05T14:32:18.000Z","customer":{"first_name":"Marie","last_name":"Martin","email":"marie@example.com","phone":null},"order":{"total_amount":99.99,"currency":"EUR","payment_date":"2025-12-05T14:32:18.000Z","products":[{"product_id":"prod_1","product_name":"Déclaration","quantity":1,"unit_price":83.32}]},"invoice":{"pdf_url":"https://example.com/facture.pdf","number":"FQCA-2025-000156"}}'
id="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
timestamp="$(date +%s)"
key="$(printf %s "${COMPTAPPART_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')"
signature="$(printf %s "$id.$timestamp.$body" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)"
curl --silent --show-error --max-time 10 --write-out '\n%{http_code}\n' "$url" \
  --header 'Content-Type: application/json' \
  --header 'User-Agent: ComptAppart-Webhook/1.0' \
  --header "X-API-KEY: ${COMPTAPPART_API_KEY:-}" \
  --header "webhook-id: $id" \
  --header "webhook-timestamp: $timestamp" \
  --header "webhook-signature: v1,$signature" \
  --data-binary "$body"
