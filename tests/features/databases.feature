Feature: A database administrator verifies a migrated MySQL database

  Background:
    Given the ledger on the legacy server and its copy on the target

  Scenario: An exact copy
    When I compare both databases
    Then the verdict is PASS
    And every table was compared in full

  Scenario: One cent is lost
    When the target loses one cent of entry 7
    And I compare both databases
    Then the verdict is FAIL
    And table entries has 1 changed, 0 missing and 0 extra rows
    And the difference is in column amount

  Scenario: A row never arrived, and one came from nowhere
    When the target loses entry 3
    And the target gains entry 900
    And I compare both databases
    Then table entries has 0 changed, 1 missing and 1 extra rows

  Scenario: An index was forgotten
    When the target forgets the index of entries
    And I compare both databases
    Then the verdict is FAIL
    And the schema says that index entries.by_memo is missing

  Scenario: A whole table was forgotten
    When the target forgets table merchants
    And I compare both databases
    Then the verdict is FAIL
    And table merchants has 0 changed, 2 missing and 0 extra rows
