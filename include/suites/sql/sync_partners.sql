SELECT partner_id, partner_name, channel, currency, revenue_share, contact, contract_from,
       snapshot_date
FROM partners
WHERE snapshot_date = :business_date
