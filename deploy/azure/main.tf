# The identity with which Parity works in Azure, with the rights of role.json and of one container, and no other.

terraform {
  required_version = ">= 1.5"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 3.100"
    }
  }
}

variable "name" {
  description = "Name of the identity."
  type        = string
  default     = "parity"
}

variable "resource_group" {
  description = "Resource group with the data factory and the flexible servers."
  type        = string
}

variable "storage_account_id" {
  description = "Resource id of the storage account of PARITY_EXCHANGE_ADLS."
  type        = string
}

variable "container" {
  description = "Container of PARITY_EXCHANGE_ADLS."
  type        = string
}

variable "oidc_issuer" {
  description = "OIDC issuer of the Kubernetes cluster in which Parity runs; empty: none."
  type        = string
  default     = ""
}

variable "service_account" {
  description = "Namespace and name of the service account there."
  type        = string
  default     = "parity:parity"
}

locals {
  role = jsondecode(file("${path.module}/role.json"))
}

data "azurerm_resource_group" "here" {
  name = var.resource_group
}

resource "azurerm_user_assigned_identity" "parity" {
  name                = var.name
  resource_group_name = data.azurerm_resource_group.here.name
  location            = data.azurerm_resource_group.here.location
}

resource "azurerm_federated_identity_credential" "kubernetes" {
  count               = var.oidc_issuer == "" ? 0 : 1
  name                = "kubernetes"
  resource_group_name = data.azurerm_resource_group.here.name
  parent_id           = azurerm_user_assigned_identity.parity.id
  issuer              = var.oidc_issuer
  subject             = "system:serviceaccount:${var.service_account}"
  audience            = ["api://AzureADTokenExchange"]
}

resource "azurerm_role_definition" "parity" {
  name        = "${local.role.Name} in ${data.azurerm_resource_group.here.name}"
  description = local.role.Description
  scope       = data.azurerm_resource_group.here.id

  permissions {
    actions          = local.role.Actions
    not_actions      = local.role.NotActions
    data_actions     = local.role.DataActions
    not_data_actions = local.role.NotDataActions
  }

  assignable_scopes = [data.azurerm_resource_group.here.id]
}

resource "azurerm_role_assignment" "management" {
  scope              = data.azurerm_resource_group.here.id
  role_definition_id = azurerm_role_definition.parity.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.parity.principal_id
}

resource "azurerm_role_assignment" "exchange" {
  scope                = "${var.storage_account_id}/blobServices/default/containers/${var.container}"
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azurerm_user_assigned_identity.parity.principal_id
}

output "client_id" {
  description = "For the connections' extra managed_identity_client_id and the service account's annotation."
  value       = azurerm_user_assigned_identity.parity.client_id
}

output "tenant_id" {
  description = "For the connections' extra workload_identity_tenant_id."
  value       = azurerm_user_assigned_identity.parity.tenant_id
}
