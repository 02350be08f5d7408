SELECT client_id, legal_name, country, currency, timezone, email, vat_number, fee_plan, iban,
       onboarded_at, is_active, snapshot_date
FROM clients
WHERE snapshot_date = :business_date
