Feature: What was found is remembered, once, whatever happens to the run

  Scenario: A retry replaces its own result, and a new attempt stands beside it
    Given a night in which settle_card_payments was INVALID at the first attempt and PASS at the second
    When the second attempt is recorded again
    Then the run shows settle_card_payments with PASS
    And the store holds 2 results

  Scenario: What is older than the retention goes, and the rest stays
    Given settle_card_payments was PASS, FAIL, INVALID and FAIL on four business dates
    When everything before the third business date is purged
    Then the store holds 2 results
