SELECT chargeback_id, payment_id, client_id, reason_code, stage, amount, currency, narrative,
       disputed_at, evidence_due, register_date
FROM chargebacks
WHERE register_date = :business_date
