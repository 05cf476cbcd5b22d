#!/usr/bin/env bash
# Relève ce qui est nouveau depuis la dernière fois : bash pull.sh
set -euo pipefail
api="${COMPTAPPART_URL}/api/partner/v1/notifications"
cursor="$(cat cursor.txt 2>/dev/null || true)"
while :; do
  curl --silent --show-error --fail --get "$api" \
    --header "Authorization: Bearer $COMPTAPPART_TOKEN" \
    --data-urlencode "since=$cursor" --data 'limit=50' > page.json
  cat page.json # ici : traiter chaque commande de .data, selon order_id
  cursor="$(sed -n 's/.*"next_cursor":"\([^"]*\)".*/\1/p' page.json)"
  printf %s "$cursor" > cursor.txt # une fois la page traitée, pas avant
  grep -q '"has_more":true' page.json || break
done
