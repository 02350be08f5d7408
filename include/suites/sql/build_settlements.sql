SELECT client_id, currency, payments, gross, refunded, charged_back, net, settlement_date
FROM settlements
WHERE settlement_date = :business_date
