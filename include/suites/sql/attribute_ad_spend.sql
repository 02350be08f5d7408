SELECT partner_id, campaign_id, campaign_name, channel, client_id, impressions, clicks, spend,
       currency, spend_eur, cost_per_click, spend_date
FROM ad_spend
WHERE spend_date = :business_date
