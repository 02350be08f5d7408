SELECT refund_id, payment_id, client_id, amount, currency, reason, requested_at, settlement_date
FROM refunds
WHERE settlement_date = :business_date
