SELECT payment_id, client_id, fee_plan, scheme, rate_bps, fee, currency, settlement_date
FROM fees
WHERE settlement_date = :business_date
