SELECT vendor_id, trading_name, category, country, payout_currency, iban, terms_days,
       remittance_note, rating, snapshot_date
FROM vendors
WHERE snapshot_date = :business_date
