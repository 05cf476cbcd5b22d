<?php
// PHP 8 ou plus récent, sans dépendance : php -S 0.0.0.0:3000 receive.php
$secret = base64_decode(str_replace('whsec_', '', getenv('COMPTAPPART_SECRET')));
$apiKey = getenv('COMPTAPPART_API_KEY') ?: '';
$body = file_get_contents('php://input');

function answer(int $status, string $message): never
{
    http_response_code($status);
    header('Content-Type: application/json');
    exit(json_encode(['message' => $message]));
}

function isSigned(string $secret, string $body): bool
{
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if ($id === '' || !ctype_digit($timestamp) || abs(time() - (int) $timestamp) > 300) {
        return false; // trop vieux : un appel rejoué
    }
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $secret, true));
    // Deux signatures pendant un changement de secret : une seule suffit.
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $given) {
        if (hash_equals($expected, $given)) {
            return true;
        }
    }
    return false;
}

if ($apiKey !== '' && !hash_equals($apiKey, $_SERVER['HTTP_X_API_KEY'] ?? '')) {
    answer(401, 'clé inconnue');
}
if (!isSigned($secret, $body)) {
    answer(401, 'signature fausse');
}
$event = json_decode($body, true);
if (!is_array($event)) {
    answer(400, 'JSON illisible');
}
if (($event['event_type'] ?? '') !== 'order.created') {
    answer(400, 'type inconnu');
}
// La même commande peut venir deux fois : la seconde ne fait rien.
$file = sys_get_temp_dir() . '/commande-' . (int) $event['order_id'] . '.json'; // votre base
if (file_exists($file)) {
    answer(200, 'déjà reçue');
}
file_put_contents($file, $body); // d'abord enregistrer, le travail long ensuite
answer(200, 'reçue');
