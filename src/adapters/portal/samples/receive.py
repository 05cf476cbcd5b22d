# Python 3.9 ou plus récent, sans dépendance : python3 receive.py
import base64, hashlib, hmac, json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ["COMPTAPPART_SECRET"].replace("whsec_", ""))
API_KEY = os.environ.get("COMPTAPPART_API_KEY", "")
orders = {}  # votre base de données


def is_signed(headers, body):
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not message_id or not timestamp.isdigit():
        return False
    if abs(time.time() - int(timestamp)) > 300:  # trop vieux : un appel rejoué
        return False
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(SECRET, signed, hashlib.sha256)).decode()
    # Deux signatures pendant un changement de secret : une seule suffit.
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(expected, one) for one in given if one.isascii())


def receive(headers, body):
    if API_KEY and not hmac.compare_digest(headers.get("x-api-key", "").encode(), API_KEY.encode()):
        return 401, "clé inconnue"
    if not is_signed(headers, body):
        return 401, "signature fausse"
    try:
        event = json.loads(body)
    except ValueError:
        return 400, "JSON illisible"
    if event.get("event_type") != "order.created":
        return 400, "type inconnu"
    # La même commande peut venir deux fois : la seconde ne fait rien.
    if event["order_id"] in orders:
        return 200, "déjà reçue"
    orders[event["order_id"]] = event  # d'abord enregistrer, le travail long ensuite
    return 200, "reçue"


class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status, message = receive(self.headers, body)
        answer = json.dumps({"message": message}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 64


Server(("", int(os.environ.get("PORT", "3000"))), Endpoint).serve_forever()
