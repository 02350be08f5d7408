SELECT payment_id, client_id, vendor_id, merch_ref, card_pan, scheme, auth_code, amount, currency,
       fx_rate, amount_eur, settled_at, batch_no, settlement_date
FROM settled_card_payments
WHERE settlement_date = :business_date
