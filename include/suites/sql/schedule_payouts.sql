SELECT payout_id, client_id, beneficiary, iban, currency, amount, status, release_at,
       settlement_date
FROM payouts
WHERE settlement_date = :business_date
