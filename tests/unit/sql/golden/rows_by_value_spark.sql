SELECT `payment_id`,
       CASE WHEN parity_inside THEN `amount` END AS `amount`,
       CASE WHEN parity_inside THEN `refunded` END AS `refunded`,
       CASE WHEN parity_inside THEN `settled_at` END AS `settled_at`,
       `note`
FROM (
  SELECT `payment_id`, `amount`, `refunded`, `settled_at`, `note`, CAST(conv(substr(md5(concat_ws(char(31), `payment_id`, CAST((CASE WHEN `payment_id` IS NULL THEN 1 ELSE 0 END) AS STRING))), 1, 7), 16, 10) AS BIGINT) % 64 IN (3, 17) AS parity_inside
  FROM (SELECT * FROM parity_source) AS stored
) AS marked
